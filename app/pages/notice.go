package pages

import (
	"bytes"
	"html/template"
)

// notice makes a page that stands alone: no program, nothing to wait for. It
// says what is the case and what to do then; if nothing, where to go.
func notice(title, what, then string) *asset {
	var b bytes.Buffer
	err := noticePage.Execute(&b, map[string]string{"Title": title, "What": what, "Then": then})
	if err != nil {
		panic(err) // the template takes any three texts
	}
	a := newAsset("text/html; charset=utf-8", b.Bytes())
	a.cache = "no-store"
	return a
}

var noticePage = template.Must(template.New("notice").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}} · Fanlight</title>
<link rel="icon" href="/web/icon.svg">
<link rel="stylesheet" href="/web/styles.css">
<script src="/web/boot.js"></script>
</head>
<body>
<main class="notice-page">
<a class="brand" href="/"><img src="/web/logo.svg" alt="" width="44" height="26">Fanlight</a>
<h1>{{.Title}}</h1>
<p>{{.What}}</p>
{{with .Then}}<p>{{.}}</p>{{else}}<p><a href="/">To the front door</a></p>{{end}}
</main>
</body>
</html>
`))
