package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"time"
)

// sim answers everything under /_sim/: what tests and audits need and Stripe does not have. It asks for no key.
func (s *Server) sim() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/state", s.getState)
	mux.HandleFunc("GET /_sim/clock", func(w http.ResponseWriter, _ *http.Request) { s.writeJSON(w, http.StatusOK, s.clockState()) })
	mux.HandleFunc("POST /_sim/clock", s.advanceClock)
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.writeJSON(w, http.StatusOK, obj{"faults": s.faults.list()})
	})
	mux.HandleFunc("POST /_sim/faults", s.addFault)
	mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.faults.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sim/sessions/{id}/pay", s.payDirectly)
	mux.HandleFunc("POST /_sim/balance", s.setBalance)
	mux.HandleFunc("POST /_sim/webhooks/roll", s.rollSecret)
	mux.HandleFunc("POST /_sim/refunds", s.refundByHand)
	mux.HandleFunc("POST /_sim/refunds/{id}/fail", s.failRefund)
	mux.HandleFunc("POST /_sim/disputes", s.disputeByHand)
	mux.HandleFunc("POST /_sim/disputes/{id}/close", s.decideDispute)
	return mux
}

// sums are amounts by currency, in its smallest unit.
type sums struct {
	Captured map[string]int64 `json:"captured"`
	Refunded map[string]int64 `json:"refunded"` // pending and succeeded
	Disputed map[string]int64 `json:"disputed"`
}

func (s sums) currencies() []string { return slices.Sorted(maps.Keys(s.Captured)) }

func (v *view) sums() sums {
	total := sums{map[string]int64{}, map[string]int64{}, map[string]int64{}}
	for _, row := range v.st.charges.rows {
		if c := row.value; c.Status == statusSucceeded {
			total.Captured[c.Currency] += c.Amount
			total.Refunded[c.Currency] += c.Refunded
		}
	}
	for _, row := range v.st.disputes.rows {
		if row.value.takes() {
			total.Disputed[row.value.Currency] += row.value.Amount
		}
	}
	return total
}

func countBy[T any](t *table[T], state func(T) string) map[string]int {
	n := map[string]int{}
	for _, row := range t.rows {
		n[state(row.value)]++
	}
	return n
}

// getState counts what there is, for audits: GET /_sim/state. Its cost grows with the number of objects.
func (s *Server) getState(w http.ResponseWriter, _ *http.Request) {
	s.settleDue(s.clock.Now())
	state := s.clockState()
	s.store.read(func(v *view) {
		st, total := v.st, v.sums()
		state["sessions"] = countBy(st.sessions, func(x session) string { return x.Status })
		state["payment_intents"] = countBy(st.intents, func(x paymentIntent) string { return x.Status })
		state["charges"] = countBy(st.charges, func(x charge) string { return x.Status })
		state["refunds"] = countBy(st.refunds, func(x refund) string { return x.Status })
		state["disputes"] = st.disputes.count()
		state["events"] = st.events.count()
		state["webhooks_pending"] = st.deliveries.count()
		state["captured"], state["refunded"], state["disputed"] = total.Captured, total.Refunded, total.Disputed
	})
	s.writeJSON(w, http.StatusOK, state)
}

func (s *Server) clockState() obj {
	return obj{"now": s.clock.unix(), "clock_offset_seconds": int64(s.clock.Offset().Seconds())}
}

// decodeSim reads a small JSON body. The content type is asked for so that no page in a browser can send it across origins.
func (s *Server) decodeSim(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		s.simError(w, http.StatusUnsupportedMediaType, errors.New("the body must be application/json"))
		return false
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	body.DisallowUnknownFields()
	if err := body.Decode(into); err != nil {
		s.simError(w, http.StatusBadRequest, err)
		return false
	}
	return true
}

func (s *Server) simError(w http.ResponseWriter, status int, err error) {
	s.writeJSON(w, status, obj{"error": err.Error()})
}

// advanceClock is POST /_sim/clock. When it has answered, what became due has happened (webhooks are on their way).
func (s *Server) advanceClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AdvanceSeconds int64 `json:"advance_seconds"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	const aYear = 366 * 24 * 3600
	if in.AdvanceSeconds < 0 || in.AdvanceSeconds > aYear {
		s.simError(w, http.StatusBadRequest, errors.New("advance_seconds must be between 0 and a year: the clock never goes back"))
		return
	}
	if err := s.AdvanceClock(time.Duration(in.AdvanceSeconds) * time.Second); err != nil {
		s.simError(w, http.StatusInternalServerError, err)
		return
	}
	s.writeJSON(w, http.StatusOK, s.clockState())
}

const clockSetting = "clock_offset"

// AdvanceClock moves the simulated time ahead, for good. When it returns, sessions whose time has passed are expired and
// refunds that were due are settled; webhooks that became due are on their way.
func (s *Server) AdvanceClock(by time.Duration) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	offset := s.clock.Offset() + by
	err := s.store.update(func(t *tx) error {
		put(t, t.st.settings, clockSetting, int64(offset))
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the clock: %w", err)
	}
	s.clock.setOffset(offset)
	s.settleDue(s.clock.Now())
	return nil
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var in Fault
	if !s.decodeSim(w, r, &in) {
		return
	}
	in.Hits = 0
	if err := in.check(); err != nil {
		s.simError(w, http.StatusBadRequest, err)
		return
	}
	s.faults.add(in)
	s.writeJSON(w, http.StatusCreated, obj{"faults": s.faults.list()})
}

// rollSecret is POST /_sim/webhooks/roll: what the owner of an endpoint does in Stripe's dashboard. It lasts until the
// endpoints are set anew, as they are at a start.
func (s *Server) rollSecret(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Secret  string `json:"secret"`
		KeepOld bool   `json:"keep_old"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	if in.Secret == "" {
		s.simError(w, http.StatusBadRequest, errors.New("no secret"))
		return
	}
	s.RollSecret(in.Secret, in.KeepOld)
	s.writeJSON(w, http.StatusOK, obj{"kept_old": in.KeepOld})
}

// payDirectly is POST /_sim/sessions/{id}/pay: a payment that needs no page, and that may be odd.
func (s *Server) payDirectly(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Email      string `json:"email"`
		CardNumber string `json:"card_number"`
		oddity
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	if in.Amount < 0 {
		s.simError(w, http.StatusBadRequest, errors.New("amount_minor must not be negative"))
		return
	}
	done, err := s.pay(r.PathValue("id"), in.Email, cardInput{number: in.CardNumber}, in.oddity)
	var known *apiError
	switch {
	case errors.As(err, &known):
		s.simError(w, known.status, known)
	case errors.Is(err, errNotPayable):
		s.simError(w, http.StatusConflict, fmt.Errorf("the session is %s", done.session.Status))
	case err != nil:
		s.simError(w, http.StatusInternalServerError, err)
	case done.decline != nil:
		s.simError(w, http.StatusPaymentRequired, errors.New(done.decline.Message))
	default:
		var rendered obj
		s.store.read(func(v *view) { rendered = v.session(done.session, nil) })
		s.writeJSON(w, http.StatusOK, rendered)
	}
}
