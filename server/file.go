package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"fanlight/server/relay"
	"fanlight/shared/channel"
)

// maxFile is more than any configuration is long.
const maxFile = 1 << 20

// file is what a configuration file says.
type file struct {
	path   string
	values map[string]any            // by the flags' names
	tables map[string]namespaceTable // [namespaces.NAME]
	lines  map[string]int            // where a key is, by its dotted name
}

// namespaceTable is how a namespace's channels are kept, in the file's words.
// What it does not say is as in [namespaces.default].
type namespaceTable struct {
	HistorySize *int      `toml:"history_size"`
	HistoryAge  *string   `toml:"history_age"`
	Presence    *bool     `toml:"presence"`
	JoinLeave   *bool     `toml:"join_leave"`
	Anonymous   *[]string `toml:"anonymous"`
	Default     *[]string `toml:"default"`
	Message     any       `toml:"message"`
	PublishRate *int      `toml:"publish_rate"`
}

// readFile reads a file strictly: a key that it does not know is an error that
// says where.
func readFile(path string, settings []*setting) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if info.Size() > maxFile || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("config: %s is no configuration file", path)
	}
	text, err := os.ReadFile(path) // #nosec G304 -- the operator named it
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	f := &file{path: path, values: make(map[string]any), lines: linesOf(text)}
	// A struct with a field for each flag, so that the library knows all keys.
	fields := make([]reflect.StructField, 0, len(settings)+1)
	for i, s := range settings {
		if s.name != "config" { // a file can't name another one
			fields = append(fields, reflect.StructField{
				Name: "F" + strconv.Itoa(i), Type: reflect.TypeFor[any](), Tag: reflect.StructTag(`toml:"` + s.name + `"`),
			})
		}
	}
	fields = append(fields, reflect.StructField{Name: "Namespaces", Type: reflect.TypeFor[map[string]namespaceTable](), Tag: `toml:"namespaces"`})
	into := reflect.New(reflect.StructOf(fields))
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into.Interface()); err != nil {
		return nil, f.wrong(err)
	}
	for i, field := range fields[:len(fields)-1] {
		if v := into.Elem().Field(i).Interface(); v != nil {
			f.values[strings.TrimSuffix(strings.TrimPrefix(string(field.Tag), `toml:"`), `"`)] = v
		}
	}
	f.tables, _ = into.Elem().Field(len(fields) - 1).Interface().(map[string]namespaceTable)
	return f, nil
}

// wrong says what the library found, and where.
func (f *file) wrong(err error) error {
	var strict *toml.StrictMissingError
	var decode *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		line, _ := strict.Errors[0].Position()
		key := strict.Errors[0].Key()
		return fmt.Errorf("%s: there is no such key (%s)", strings.Join(key, "."), f.at(line))
	case errors.As(err, &decode):
		line, _ := decode.Position()
		return fmt.Errorf("config: %s (%s)", strings.TrimPrefix(decode.Error(), "toml: "), f.at(line))
	default:
		return fmt.Errorf("config: %w (%s)", err, f.path)
	}
}

func (f *file) at(line int) string { return fmt.Sprintf("%s, line %d", f.path, line) }

// place returns where a key is.
func (f *file) place(key string) string { return f.at(f.lines[key]) }

// value returns a key's value as its flag would take it, and where it is.
func (f *file) value(name string) (text, place string, found bool) {
	v, found := f.values[name]
	if !found {
		return "", "", false
	}
	return textOf(v), f.place(name), true
}

// textOf writes a value as a flag takes it.
func textOf(v any) string {
	if list, is := v.([]any); is {
		items := make([]string, len(list))
		for i, item := range list {
			items[i] = fmt.Sprint(item)
		}
		return strings.Join(items, ",")
	}
	return fmt.Sprint(v)
}

// linesOf returns the line of each key, by its dotted name.
func linesOf(text []byte) map[string]int {
	lines := make(map[string]int)
	table := ""
	p := &unstable.Parser{}
	for p.Reset(text); p.NextExpression(); {
		e := p.Expression()
		var names []string
		line := 0
		for keys := e.Key(); keys.Next(); {
			key := keys.Node()
			names = append(names, string(key.Data))
			if line == 0 {
				line = 1 + bytes.Count(text[:key.Raw.Offset], []byte("\n"))
			}
		}
		name := strings.Join(names, ".")
		if e.Kind == unstable.Table || e.Kind == unstable.ArrayTable {
			table = name
		} else if table != "" {
			name = table + "." + name
		}
		if _, known := lines[name]; !known {
			lines[name] = line
		}
	}
	return lines
}

// The namespaces of a server that was told of none: joins and leaves are told
// where a few talk to each other, and not where thousands listen; who types is
// worth nothing a moment later.
func (f *file) namespaces() (map[string]relay.Namespace, error) {
	all := relay.Namespace{Presence: true}
	if table, found := f.tables["default"]; found {
		if err := f.fill(&all, "default", table); err != nil {
			return nil, err
		}
	}
	chat := all
	chat.JoinLeave = true
	typing := all
	typing.Presence, typing.HistorySize, typing.HistoryAge = false, 1, 10*time.Second
	namespaces := map[string]relay.Namespace{"": all, "chat": chat, "typing": typing}
	for name, table := range f.tables {
		if name == "default" {
			continue
		}
		if err := channel.Validate(name); err != nil || strings.Contains(name, ":") {
			return nil, fmt.Errorf("namespaces.%s: that can't stand before a channel's first ':' (%s)", name, f.place("namespaces."+name))
		}
		ns, known := namespaces[name]
		if !known {
			ns = all
		}
		if err := f.fill(&ns, name, table); err != nil {
			return nil, err
		}
		namespaces[name] = ns
	}
	return namespaces, nil
}

// fill takes over what a table says.
func (f *file) fill(ns *relay.Namespace, name string, t namespaceTable) error {
	wrong := func(key string, err error) error {
		full := "namespaces." + name + "." + key
		return fmt.Errorf("%s: %w (%s)", full, err, f.place(full))
	}
	count := func(key string, from, to *int) error {
		switch {
		case from == nil:
		case *from < 1:
			return wrong(key, errors.New("it is 1 or more"))
		default:
			*to = *from
		}
		return nil
	}
	if err := errors.Join(count("history_size", t.HistorySize, &ns.HistorySize), count("publish_rate", t.PublishRate, &ns.PublishRate)); err != nil {
		return err
	}
	if t.HistoryAge != nil {
		age, err := time.ParseDuration(*t.HistoryAge)
		if err != nil || age <= 0 {
			return wrong("history_age", fmt.Errorf("%.60q is not a time, such as 90s or 1h", *t.HistoryAge))
		}
		ns.HistoryAge = age
	}
	if t.Presence != nil {
		ns.Presence = *t.Presence
	}
	if t.JoinLeave != nil {
		ns.JoinLeave = *t.JoinLeave
	}
	if t.Message != nil {
		if err := (sizeValue{&ns.Message}).Set(textOf(t.Message)); err != nil {
			return wrong("message", err)
		}
	}
	if t.Anonymous != nil {
		ops, err := channel.ParseOps(*t.Anonymous)
		if err != nil {
			return wrong("anonymous", err)
		}
		ns.Anonymous = &ops
	}
	if t.Default != nil {
		ops, err := channel.ParseOps(*t.Default)
		if err != nil {
			return wrong("default", err)
		}
		ns.Default = &ops
	}
	return nil
}
