package api

import (
	"mime"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

const maxPosterBody = 1 << 20

var posterTypes = []string{"image/jpeg", "image/png", "image/webp"}

// setPoster makes the body a title's poster. What it is, its bytes say; a media type that is no image is refused, so that no
// form of another site can send one.
func (s *Server) setPoster(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || !slices.Contains(posterTypes, kind) {
		return boxoffice.Errorf(boxoffice.CodeUnsupportedMedia, "A poster is a JPEG, PNG or WebP image.")
	}
	if err := s.limits.postersByUser.take(user.ID); err != nil {
		return err
	}
	body, err := readBody(c, maxPosterBody)
	if err != nil {
		return err
	}
	who, err := by(c, user, id, body)
	if err != nil {
		return err
	}
	title, err := s.opts.Organizers.SetPoster(c.Request.Context(), who, id, body)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewTitle(title))
}

func (s *Server) removePoster(c *gin.Context, user boxoffice.User) error {
	id, who, err := change(c, user, nil)
	if err != nil {
		return err
	}
	if _, err := s.opts.Organizers.RemovePoster(c.Request.Context(), who, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// getPoster answers with an image, which its name is made of: it never changes.
func (s *Server) getPoster(c *gin.Context, _ boxoffice.User) error {
	hash := c.Param("hash")
	if !hashShape.MatchString(hash) {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no poster of this hash.")
	}
	file, err := s.opts.Posters.Get(c.Request.Context(), boxoffice.PosterKey(hash))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, "image/jpeg", file)
	return nil
}

func viewPoster(p *boxoffice.Poster) *Poster {
	if p == nil || len(p.Images) == 0 {
		return nil
	}
	largest := p.Images[len(p.Images)-1]
	view := &Poster{Width: largest.Width, Height: largest.Height}
	for _, i := range p.Images {
		view.Images = append(view.Images, PosterImage{URL: "/posters/" + i.Hash, Width: i.Width, Height: i.Height})
	}
	return view
}
