package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// Spec is openapi.yaml.
//
//go:embed openapi.yaml
var Spec []byte

var specETag = etagOf(Spec)

func (s *Server) getSpec(c *gin.Context, _ boxoffice.User) error {
	c.Header("Cache-Control", "no-cache")
	c.Header("ETag", specETag)
	if matchesETag(c.GetHeader("If-None-Match"), specETag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, "application/yaml", Spec)
	return nil
}

// getHealth says that the process answers; it asks nobody else, so that a lost database restarts no process.
func (s *Server) getHealth(c *gin.Context, _ boxoffice.User) error {
	return reply(c, http.StatusOK, Health{Status: HealthStatusOk})
}

func (s *Server) getReadiness(c *gin.Context, _ boxoffice.User) error {
	if err := s.readiness.Check(c.Request.Context()); err != nil {
		return err
	}
	return reply(c, http.StatusOK, Health{Status: HealthStatusOk})
}
