package buyer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/makiuchi-d/gozxing"
	zxingqr "github.com/makiuchi-d/gozxing/qrcode"
	"github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
)

// office is a box office of one handler.
func office(t *testing.T, routes map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handle := range routes {
		mux.HandleFunc(pattern, handle)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the buyer complains where it does not arrive
	}
}

func TestLogIn_TheSessionGoesAlong(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"POST /login": says(http.StatusOK, `{"token":"secret"}`),
		"POST /book": func(w http.ResponseWriter, r *http.Request) {
			var seats []string
			if json.NewDecoder(r.Body).Decode(&seats) != nil || len(seats) != 2 ||
				r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Idempotency-Key") != "once" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			says(http.StatusCreated, `{"id":"b1","status":"held"}`)(w, r)
		},
	})
	b := buyer.New(server.URL+"/", http.DefaultTransport)
	require.NoError(t, b.LogIn(t.Context(), "alice", "password"))
	booking, err := b.Book(t.Context(), "once", "t1", "t2")
	require.NoError(t, err)
	require.Equal(t, "b1", booking.ID)
}

func TestBook_ErrProblem(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"POST /book": says(http.StatusConflict, `{"type":"/problems/seats-taken","detail":"Gone.","conflicts":[{"ticket_id":"t1","seat":"Stalls, row C, seat 12","reason":"sold"}]}`),
		"GET /events/{id}": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>", http.StatusBadGateway)
		},
	})
	b := buyer.New(server.URL, http.DefaultTransport)
	_, err := b.Book(t.Context(), "", "t1")
	var problem *buyer.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, http.StatusConflict, problem.Status)
	require.Equal(t, []buyer.Conflict{{TicketID: "t1", Seat: "Stalls, row C, seat 12", Reason: "sold"}}, problem.Conflicts)

	_, _, err = b.Event(t.Context(), "e1")
	require.ErrorAs(t, err, &problem)
	require.Equal(t, http.StatusBadGateway, problem.Status, "a gateway's page is a problem too")
}

// Who has an answer already is told that it is unchanged; who has none gets it as it travels.
func TestLook_AsBrowsersDo(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"GET /events/e1/seats": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
			says(http.StatusOK, "packed")(w, r)
		},
		"GET /events/e2/seats": says(http.StatusNotFound, `{"type":"/problems/not-found"}`),
	})
	b := buyer.New(server.URL, http.DefaultTransport)
	first, err := b.Look(t.Context(), "/events/e1/seats", "")
	require.NoError(t, err)
	require.Equal(t, "packed", string(first.Body))
	require.Equal(t, "gzip", first.Header.Get("Content-Encoding"))
	again, err := b.Look(t.Context(), "/events/e1/seats", first.Header.Get("ETag"))
	require.NoError(t, err)
	require.Equal(t, http.StatusNotModified, again.Status)
	_, err = b.Look(t.Context(), "/events/e2/seats", "")
	require.ErrorAs(t, err, new(*buyer.Problem))
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"GET /api/v1/messages": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "start=500&limit=2" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			says(http.StatusOK, `{"messages":[{"ID":"1","To":[{"Name":"","Address":"a@example.com"}],"Subject":"S","Created":"2026-11-27T19:30:00Z"}]}`)(w, r)
		},
	})
	arrived, err := buyer.NewInbox(server.URL, http.DefaultTransport).Arrivals(t.Context(), 500, 2)
	require.NoError(t, err)
	require.Len(t, arrived, 1)
	require.Equal(t, "a@example.com", arrived[0].To[0].Address)
	require.Equal(t, time.Date(2026, 11, 27, 19, 30, 0, 0, time.UTC), arrived[0].Created)
}

func TestSeats_ErrColumnsOfDifferentLengths(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"GET /events/whole/seats":  says(http.StatusOK, `{"ticket_ids":["a","b"],"states":["held","sold"]}`),
		"GET /events/broken/seats": says(http.StatusOK, `{"ticket_ids":["a","b"],"states":["held"]}`),
	})
	b := buyer.New(server.URL, http.DefaultTransport)
	states, err := b.Seats(t.Context(), "whole")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "held", "b": "sold"}, states)
	_, err = b.Seats(t.Context(), "broken")
	require.Error(t, err)
}

func TestPay_EachAnswerOfThePage(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"POST /paid": func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("card_number") != "4242" || r.Header.Get("Authorization") != "" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			http.Redirect(w, r, "http://office/back", http.StatusSeeOther)
		},
		"POST /declined": says(http.StatusPaymentRequired, ""),
		"POST /over":     says(http.StatusGone, ""),
		"POST /broken":   says(http.StatusInternalServerError, ""),
		"GET /open":      says(http.StatusOK, ""),
		"GET /over":      says(http.StatusGone, ""),
	})
	b := buyer.New(server.URL, http.DefaultTransport)
	b.Resume("secret")
	back, err := b.Pay(t.Context(), server.URL+"/paid", "a@example.com", "4242")
	require.NoError(t, err)
	require.Equal(t, "http://office/back", back)
	_, err = b.Pay(t.Context(), server.URL+"/declined", "a@example.com", "4242")
	require.ErrorAs(t, err, new(*buyer.Declined))
	_, err = b.Pay(t.Context(), server.URL+"/over", "a@example.com", "4242")
	require.ErrorAs(t, err, new(*buyer.PageClosed))
	_, err = b.Pay(t.Context(), server.URL+"/broken", "a@example.com", "4242")
	require.ErrorContains(t, err, "500")
	require.NoError(t, b.Open(t.Context(), server.URL+"/open"))
	require.ErrorAs(t, b.Open(t.Context(), server.URL+"/over"), new(*buyer.PageClosed))
}

// The box office has the buyer wait, or, while too many do, look again.
func TestAwait_UntilAStatusComes(t *testing.T) {
	t.Parallel()
	looks := 0 // the buyer looks one time after the other
	server := office(t, map[string]http.HandlerFunc{
		"GET /bookings/{id}": func(w http.ResponseWriter, r *http.Request) {
			looks++
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, looks))
			switch knows := r.Header.Get("If-None-Match"); {
			case r.Header.Get("Prefer") != "wait=20":
				says(http.StatusBadRequest, "who waits says so")(w, r)
			case looks == 1 && knows == "":
				says(http.StatusOK, `{"id":"b1","status":"held"}`)(w, r)
			case looks == 2 && knows == `"1"`:
				w.WriteHeader(http.StatusNotModified)
			case looks == 3 && knows == `"1"`:
				w.Header().Set("Preference-Applied", "wait=20")
				says(http.StatusOK, `{"id":"b1","status":"confirmed"}`)(w, r)
			case looks == 4 && knows == `"3"`:
				w.Header().Set("Preference-Applied", "wait=20")
				says(http.StatusOK, `{"id":"b1","status":"completed"}`)(w, r)
			default:
				says(http.StatusBadRequest, "this answer is not known")(w, r)
			}
		},
	})
	b := buyer.New(server.URL, http.DefaultTransport)
	booking, err := b.Await(t.Context(), "b1", "completed", "expired")
	require.NoError(t, err)
	require.Equal(t, "completed", booking.Status)
	require.Equal(t, 4, looks)
}

func TestAwait_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := office(t, map[string]http.HandlerFunc{
		"GET /bookings/{id}": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == "" {
				says(http.StatusOK, `{"id":"b1","status":"held"}`)(w, r)
				return
			}
			cancel()
			<-r.Context().Done()
		},
	})
	_, err := buyer.New(server.URL, http.DefaultTransport).Await(ctx, "b1", "completed")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "booking b1 is held and not completed")
}

func TestInbox_PartsOfAMail(t *testing.T) {
	t.Parallel()
	server := office(t, map[string]http.HandlerFunc{
		"GET /api/v1/search":                says(http.StatusOK, `{"messages":[{"ID":"m1"}]}`),
		"GET /api/v1/message/m1":            says(http.StatusOK, `{"ID":"m1","Attachments":[{"PartID":"2","ContentType":"application/pdf"}]}`),
		"GET /api/v1/message/{id}/part/{n}": says(http.StatusOK, "%PDF-"),
	})
	inbox := buyer.NewInbox(server.URL, http.DefaultTransport)
	ids, err := inbox.To(t.Context(), "a@example.com")
	require.NoError(t, err)
	require.Equal(t, []string{"m1"}, ids)
	mail, err := inbox.Message(t.Context(), ids[0])
	require.NoError(t, err)
	part, err := inbox.Part(t.Context(), mail.ID, mail.Attachments[0].PartID)
	require.NoError(t, err)
	require.Equal(t, "%PDF-", string(part))
	_, err = inbox.Message(t.Context(), "m2")
	require.ErrorContains(t, err, "404")
}

// The plain reader misses some of these good codes, whose pattern resembles a corner mark.
func TestReadQR_FalseCornerMarks(t *testing.T) {
	t.Parallel()
	missed := 0
	requireRead := func(text string, picture []byte) {
		read, err := buyer.ReadQR(picture)
		require.NoError(t, err)
		require.Equal(t, text, read)
		missed += plainReaderMisses(t, picture)
	}
	for _, n := range []string{"28", "36", "90", "96"} {
		text := "v1.k." + digits(n)
		requireRead(text, drawn(t, text))
	}
	require.Positive(t, missed, "these codes show nothing any more: find others")
	missed = 0
	for _, n := range []string{"1665", "3793", "4059", "5310"} {
		text := ("v2.k." + digits(n))[:180]
		requireRead(text, onPage(t, drawn(t, text)))
	}
	require.Positive(t, missed, "these printed codes show nothing any more: find others")
}

// digits makes 192 hexadecimal digits of a number.
func digits(n string) string {
	hash := sha256.Sum256([]byte(n))
	return strings.Repeat(hex.EncodeToString(hash[:]), 3)
}

func drawn(t *testing.T, text string) []byte {
	t.Helper()
	code, err := qrcode.Encode(text, qrcode.Medium, 512)
	require.NoError(t, err)
	return code
}

// onPage puts a code on a page with a rule across its top, in a size that is no whole number of pixels a module.
func onPage(t *testing.T, code []byte) []byte {
	t.Helper()
	symbol, err := png.Decode(bytes.NewReader(code))
	require.NoError(t, err)
	page := image.NewGray(image.Rect(0, 0, 500, 500))
	draw.Draw(page, page.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(0, 3, 500, 4), image.Black, image.Point{}, draw.Src)
	draw.BiLinear.Scale(page, image.Rect(60, 60, 367, 367), symbol, symbol.Bounds(), draw.Src, nil)
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, page))
	return file.Bytes()
}

func plainReaderMisses(t *testing.T, picture []byte) int {
	t.Helper()
	seen, _, err := image.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	bitmap, err := gozxing.NewBinaryBitmapFromImage(seen)
	require.NoError(t, err)
	if _, err := zxingqr.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}); err != nil {
		return 1
	}
	return 0
}

func TestReadQR_ErrNoCode(t *testing.T) {
	t.Parallel()
	_, err := buyer.ReadQR([]byte("no picture"))
	require.ErrorContains(t, err, "read the picture")
	var blank bytes.Buffer
	require.NoError(t, png.Encode(&blank, image.NewGray(image.Rect(0, 0, 200, 200))))
	_, err = buyer.ReadQR(blank.Bytes())
	require.ErrorContains(t, err, "find the QR code")
}

func TestNew_GivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	began := time.Now()
	release := make(chan struct{})
	server := office(t, map[string]http.HandlerFunc{"GET /bookings/b1": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := buyer.New(server.URL, http.DefaultTransport).Booking(ctx, "b1")
	require.Error(t, err)
	require.Less(t, time.Since(began), 5*time.Second)
}
