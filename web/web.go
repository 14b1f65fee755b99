// Package web holds the web client as Vite built it, so that the program is one file. It depends on the standard library
// alone; package api serves what it gives.
package web

import (
	"embed"
	"io/fs"
)

// dist is filled by `make web` and is no part of the repository; it always holds a .gitignore, so that this compiles.
//
//go:embed all:dist placeholder
var files embed.FS

// Files gives the built client: index.html, and under assets/ what it loads, each file with its .br and .gz beside it where
// that saves something. In a program that was built without the client, index.html says how to build it.
func Files() fs.FS {
	folder := "dist"
	if _, err := fs.Stat(files, "dist/index.html"); err != nil {
		folder = "placeholder"
	}
	sub, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the names above are valid
	}
	return sub
}
