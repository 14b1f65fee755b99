package api

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func (h *house) putPoster(t *testing.T, token string) result {
	t.Helper()
	return h.do(t, request{method: "PUT", path: "/titles/" + h.title + "/poster", body: somePoster(), token: token, headers: []string{"Content-Type", "image/png"}})
}

func TestAPoster(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, olga := h.person(t, "olga", boxoffice.RoleOrganizer)
	_, otto := h.person(t, "otto", boxoffice.RoleOrganizer)
	_, ada := h.person(t, "ada", boxoffice.RoleBuyer)
	h.exec(t, `UPDATE titles SET owner_id = NULL`)
	h.putPoster(t, olga).problem(http.StatusForbidden, "forbidden")
	h.giveTo(t, "olga")
	h.putPoster(t, otto).problem(http.StatusNotFound, "not-found")
	require.Equal(t, http.StatusOK, h.putPoster(t, olga).status)

	var page TitlePage
	h.do(t, request{method: "GET", path: "/titles/" + h.title, token: ada}).json(&page)
	require.NotNil(t, page.Title.Poster)
	require.Equal(t, 100, page.Title.Poster.Width)
	file := h.do(t, request{method: "GET", path: page.Title.Poster.Images[0].URL, token: ada})
	require.Equal(t, http.StatusOK, file.status)
	require.Equal(t, "image/jpeg", file.header.Get("Content-Type"))
	require.Equal(t, "public, max-age=31536000, immutable", file.header.Get("Cache-Control"))
	picture, err := jpeg.Decode(bytes.NewReader(file.body))
	require.NoError(t, err)
	require.Equal(t, 100, picture.Bounds().Dx())

	for range 2 {
		require.Equal(t, http.StatusNoContent, h.do(t, request{method: "DELETE", path: "/titles/" + h.title + "/poster", token: olga}).status)
	}
	h.do(t, request{method: "GET", path: "/titles/" + h.title, token: ada}).json(&page)
	page = TitlePage{}
	h.do(t, request{method: "GET", path: "/titles/" + h.title, token: ada}).json(&page)
	require.Nil(t, page.Title.Poster)
	var changes int
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT count(*) FROM audit_log WHERE subject = 'title ' || $1 AND after ? 'poster'`, h.title).Scan(&changes))
	require.Equal(t, 3, changes)
}

func TestPostersAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits = Limits{PosterPerUser: Rate{Requests: 1, Per: time.Hour}} })
	in := exampleOf("PUT", "/titles/{id}/poster")
	in.token = b.joinOrganizer("olga")
	require.Equal(t, http.StatusOK, b.do(t, in).status)
	require.Equal(t, somePoster(), string(b.organizers.image))
	b.do(t, in).problem(http.StatusTooManyRequests, "rate-limited")
}
