package stripe

import (
	"errors"
	"net/http"
)

// paidOutSetting is what of a currency was paid out to a bank; less than nothing: what was added from there.
func paidOutSetting(currency string) string { return "paid_out_" + currency }

// available is the balance in a currency.
func (v *view) available(total sums, currency string) int64 {
	paidOut, _ := get(v, v.st.settings, paidOutSetting(currency))
	return total.Captured[currency] - total.Refunded[currency] - total.Disputed[currency] - paidOut
}

// covers reports whether the balance suffices for a refund. Where nothing was ever paid out it does, without counting: no more
// goes back than came in.
func (v *view) covers(amount int64, currency string) bool {
	if _, ever := get(v, v.st.settings, paidOutSetting(currency)); !ever {
		return true
	}
	return v.available(v.sums(), currency) >= amount
}

// setBalance is POST /_sim/balance: it pays so much out, or adds so much, that this much is available.
func (s *Server) setBalance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Currency  string `json:"currency"`
		Available int64  `json:"available_minor"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	if len(in.Currency) != 3 {
		s.simError(w, http.StatusBadRequest, errors.New("no currency"))
		return
	}
	err := s.store.update(func(t *tx) error {
		paidOut, _ := get(&t.view, t.st.settings, paidOutSetting(in.Currency))
		put(t, t.st.settings, paidOutSetting(in.Currency), paidOut+t.available(t.sums(), in.Currency)-in.Available)
		return nil
	})
	if err != nil {
		s.simError(w, http.StatusInternalServerError, err)
		return
	}
	s.writeJSON(w, http.StatusOK, obj{"currency": in.Currency, "available_minor": in.Available})
}
