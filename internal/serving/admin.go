package serving

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/boxoffice/boxoffice"
)

// AdminWriteTimeout is the WriteTimeout of an admin port: a CPU profile may take two minutes.
const AdminWriteTimeout = 2 * time.Minute

// AdminOptions are what an admin port shows. All but Profiling are required.
type AdminOptions struct {
	Registry  *prometheus.Registry
	Readiness *Readiness
	Logger    *slog.Logger
	Profiling bool // serve /debug/pprof/
}

// AdminHandler answers /metrics, /healthz and /readyz, and /debug/pprof/ if asked for: for a port that only operators reach.
func AdminHandler(o AdminOptions) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{
		Registry: o.Registry, ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelError),
	}))
	// A process that answers is healthy, so that a lost database restarts none.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { o.tell(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { o.tell(w, o.Readiness.Check(r.Context())) })
	if o.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// state is what health and readiness answer.
type state struct {
	Status string   `json:"status"` // "ok" or "unavailable"
	Detail string   `json:"detail,omitempty"`
	Down   []string `json:"down,omitempty"` // the dependencies that do not answer
}

func (o AdminOptions) tell(w http.ResponseWriter, err error) {
	answer, status := state{Status: "ok"}, http.StatusOK
	if err != nil {
		answer, status = state{Status: "unavailable"}, http.StatusServiceUnavailable
		if known, ok := errors.AsType[*boxoffice.Error](err); ok {
			answer.Detail = known.Message
			for _, f := range known.Fields {
				answer.Down = append(answer.Down, f.Field)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		o.Logger.Debug("the asker of health or readiness left", "error", err)
	}
}
