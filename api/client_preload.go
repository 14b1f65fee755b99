package api

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// preloads say by route of the client, as gin writes it, what its page needs beside the index. A browser fetches all of it at
// once, while it reads the page.
type preloads map[string]preload

// preload has the links of a route, in which {id} stands for what it stands for in the route.
type preload struct {
	files []string
	data  []string // what the page asks the API for
}

// readPreloads reads what the build found out. A client without it works; its pages come one round trip after the other.
func readPreloads(files fs.FS) (preloads, error) {
	content, err := fs.ReadFile(files, "preload.json")
	if err != nil {
		return preloads{}, nil //nolint:nilerr // the page that says what to build has none
	}
	var routes map[string]struct{ Files, Data []string }
	if err := json.Unmarshal(content, &routes); err != nil {
		return nil, fmt.Errorf("api: Client: preload.json: %w", err)
	}
	all := preloads{}
	for route, needs := range routes {
		all[ginPath(route)] = preload{files: mapped(needs.Files, linkTo), data: mapped(needs.Data, func(data string) string {
			return "<" + data + ">; rel=preload; as=fetch; crossorigin"
		})}
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

// announce names in the header of a page what it needs. Who comes without a session, which is not looked up here, is told of the
// files alone: the rest would be refused. The path of a page that is none has nothing.
func (p preloads) announce(c *gin.Context, hasSession bool) {
	links := p[c.FullPath()].files
	if hasSession {
		links = slices.Concat(links, p[c.FullPath()].data)
	}
	header := strings.Join(links, ", ")
	if strings.Contains(c.FullPath(), ":id") {
		id, err := pathID(c, "id")
		if err != nil {
			return
		}
		header = strings.ReplaceAll(header, "{id}", id)
	}
	if header != "" {
		c.Header("Link", header)
	}
}
