// Package tag makes HTML elements that weigh little.
//
// go-app has a type with a hundred methods for each of HTML's elements, and a
// page pays for each that it uses: some 5 KB of the compressed WebAssembly. All
// of these share one type, that of [app.Elem], and name their own attributes
// through Attr. app.Div, app.P, app.H1, app.Code and app.Img come for free,
// since go-app uses them itself.
package tag

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// The elements, by their names in HTML.

func A() app.HTMLElem        { return app.Elem("a") }
func Button() app.HTMLElem   { return app.Elem("button").Attr("type", "button") }
func Fieldset() app.HTMLElem { return app.Elem("fieldset") }
func Footer() app.HTMLElem   { return app.Elem("footer") }
func Form() app.HTMLElem     { return app.Elem("form") }
func H2() app.HTMLElem       { return app.Elem("h2") }
func Header() app.HTMLElem   { return app.Elem("header") }
func Label() app.HTMLElem    { return app.Elem("label") }
func Legend() app.HTMLElem   { return app.Elem("legend") }
func Li() app.HTMLElem       { return app.Elem("li") }
func Main() app.HTMLElem     { return app.Elem("main") }
func Nav() app.HTMLElem      { return app.Elem("nav") }
func NoScript() app.HTMLElem { return app.Elem("noscript") }
func Ol() app.HTMLElem       { return app.Elem("ol") }
func Option() app.HTMLElem   { return app.Elem("option") }
func Section() app.HTMLElem  { return app.Elem("section") }
func Select() app.HTMLElem   { return app.Elem("select") }
func Span() app.HTMLElem     { return app.Elem("span") }
func Textarea() app.HTMLElem { return app.Elem("textarea") }
func Time() app.HTMLElem     { return app.Elem("time") }
func Ul() app.HTMLElem       { return app.Elem("ul") }

// Input is the one that has no end tag, which takes another type.
func Input() app.HTMLElemSelfClosing { return app.ElemSelfClosing("input") }
