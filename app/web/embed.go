package web

import (
	"embed"
	"io/fs"
)

//go:embed static
var embedded embed.FS

// Files returns the files by their names, without a directory before them.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // the name is a constant that fs.Sub takes
	}
	return files
}
