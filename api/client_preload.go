package api

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// preloads say by route of the client, as gin writes it, what its page needs beside the index: each is the value of a Link header, in which
// {id} stands for what it stands for in the route. A browser fetches all of it at once, while it reads the page.
type preloads map[string]string

// readPreloads reads what the build found out. A client without it works; its pages come one round trip after the other.
func readPreloads(files fs.FS) (preloads, error) {
	content, err := fs.ReadFile(files, "preload.json")
	if err != nil {
		return nil, nil //nolint:nilerr // the page that says what to build has none
	}
	var routes map[string]struct{ Files, Data []string }
	if err := json.Unmarshal(content, &routes); err != nil {
		return nil, fmt.Errorf("api: Client: preload.json: %w", err)
	}
	all := preloads{}
	for route, needs := range routes {
		var links []string
		for _, file := range needs.Files {
			links = append(links, linkTo(file))
		}
		for _, data := range needs.Data {
			links = append(links, "<"+data+">; rel=preload; as=fetch; crossorigin")
		}
		all[ginPath(route)] = strings.Join(links, ", ")
	}
	return all, nil
}

// linkTo names a file of the client: a script is a module, and is parsed ahead, too.
func linkTo(file string) string {
	if path.Ext(file) == ".css" {
		return "<" + file + ">; rel=preload; as=style; crossorigin"
	}
	return "<" + file + ">; rel=modulepreload"
}

// announce names in the header of a page what it needs. The path of a page that is none has nothing announced.
func (p preloads) announce(c *gin.Context) {
	links := p[c.FullPath()]
	if strings.Contains(links, "{id}") {
		id, err := pathID(c, "id")
		if err != nil {
			return
		}
		links = strings.ReplaceAll(links, "{id}", id)
	}
	if links != "" {
		c.Header("Link", links)
	}
}
