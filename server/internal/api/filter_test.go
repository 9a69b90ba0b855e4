package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fanlight/shared/protocol"
)

func TestAnExpressionIsExplainedOrRefusedWithItsPlace(t *testing.T) {
	r := newRig(t)
	for expression, tags := range map[string][]string{
		`level in ["warn","error"] && cpu > 90`: {"cpu", "level"},
		`true`:                                  {},
		`a == "ü" + "x"`:                        nil,
	} {
		got := r.verdict(expression)
		if tags == nil {
			if e := got.Error; e == nil || e.Code != protocol.CodeFilterInvalid || e.At != 10 || e.Field != "expression" {
				t.Errorf("%s: %+v", expression, got)
			}
			continue
		}
		if got.Error != nil || !slices.Equal(got.Tags, tags) {
			t.Errorf("%s: %+v", expression, got)
		}
	}
	if e := r.verdict("").Error; e == nil || e.Code != protocol.CodeFilterInvalid || e.At != 1 {
		t.Errorf("%+v", e)
	}
	long := strings.Repeat("x", protocol.MaxFilter+1)
	if e := r.verdict(long).Error; e == nil || e.Limit != protocol.MaxFilter {
		t.Errorf("%+v", e)
	}
	if p := problem(t, r.call("POST", "/filter", "")); p.Code != protocol.CodeMethod {
		t.Errorf("%+v", p)
	}
}

// verdict asks about an expression.
func (r *rig) verdict(expression string) protocol.FilterResponse {
	r.Helper()
	return read[protocol.FilterResponse](r.T, r.call("GET", "/filter?expression="+url.QueryEscape(expression), ""), "application/json")
}

func TestTagsComeByBodyAndByBatchAndTheHistoryFilters(t *testing.T) {
	r := newRig(t)
	for body, code := range map[string]int{
		`{"data": 1, "tags": {"level": "warn", "cpu": 91.5}}`:                                           http.StatusOK,
		`[{"data": 2, "tags": {"level": "info"}}, {"data": 3, "tags": {"level": "warn"}}, {"data": 4}]`: http.StatusOK,
		`{"data": 5, "tags": {"level": true}}`:                                                          http.StatusBadRequest,
		`{"data": 6, "tags": {"Level": "warn"}}`:                                                        http.StatusBadRequest,
		`{"data": 7, "tags": ["warn"]}`:                                                                 http.StatusBadRequest,
	} {
		resp := r.call("POST", "/publish?channel=c", body)
		if resp.Code != code {
			t.Errorf("%s: %d %s", body, resp.Code, resp.Body)
		}
	}
	resp := r.call("POST", "/publish?channel=c", `[{"data": 8, "tags": {"a": null}}, {"data": 9, "tags": {"level": "warn"}}]`)
	batch := read[protocol.BatchResponse](t, resp, "application/json")
	if batch.Status != protocol.StatusPartial || batch.Results[0].Error.Code != protocol.CodeTagsInvalid || batch.Results[0].Error.Field != "tags.a" {
		t.Errorf("%s", resp.Body)
	}
	page := read[protocol.HistoryResponse](t, r.call("GET", "/history?channel=c&filter="+url.QueryEscape(`level == "warn"`), ""), "application/json")
	got := map[string]protocol.Tags{}
	for _, p := range page.Publications {
		got[string(p.Data)] = p.Tags
	}
	want := map[string]protocol.Tags{"1": {"level": "warn", "cpu": 91.5}, "3": {"level": "warn"}, "9": {"level": "warn"}}
	if !reflect.DeepEqual(got, want) || page.Offset != 5 {
		b, _ := json.Marshal(page)
		t.Errorf("%s", b)
	}
	if p := problem(t, r.call("GET", "/history?channel=c&filter=level", "")); p.Code != protocol.CodeFilterInvalid || p.At != 1 || p.Field != "filter" {
		t.Errorf("%+v", p)
	}
}
