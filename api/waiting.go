package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/bookingwatch"
)

const (
	pollBookings = 100 * time.Millisecond
	longestWait  = 25 * time.Second // gateways give up after half a minute
)

// watchBookings makes the hub that reads the bookings that are waited for.
func (s *Server) watchBookings() *bookingwatch.Hub {
	return bookingwatch.New(bookingwatch.Options{Source: s.opts.Bookings, Every: pollBookings, Logger: s.log})
}

// getBooking answers at once, or, to who knows the booking as it is and prefers to wait, when it has gone on.
func (s *Server) getBooking(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.Booking(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	answer, err := plainDocument(viewBooking(booking))
	if err != nil {
		return err
	}
	if answer.isKnown(c) && s.waitForProgress(c, user, booking) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), s.opts.RequestTimeout)
		defer cancel()
		if booking, err = s.opts.Bookings.Booking(ctx, user.ID, id); err != nil {
			return err
		}
		if answer, err = plainDocument(viewBooking(booking)); err != nil {
			return err
		}
	}
	return answer.serve(c, "no-store")
}

// waitForProgress waits for as long as the client prefers, and reports whether it did: the booking may be another then. While too
// many requests wait, or stream, it does not wait: a preference may be ignored (RFC 7240), and a buyer who has paid is not refused.
func (s *Server) waitForProgress(c *gin.Context, user boxoffice.User, booking boxoffice.Booking) bool {
	wait := preferredWait(c.Request.Header)
	if wait == 0 {
		return false
	}
	leave, err := s.streams.enter(s.streamsOf(c, user))
	if err != nil {
		return false
	}
	defer leave()
	s.metrics.waits.Inc()
	defer s.metrics.waits.Dec()
	began := time.Now()
	ctx, cancel := context.WithTimeout(clientContext(c), wait)
	defer cancel()
	err = s.bookings.Wait(ctx, booking.ID, booking.Progress())
	c.Set(waitedKey, time.Since(began))
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(writeTimeout)) // a test's recorder has none
	if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable {                                 // the process ends, and did not keep its word
		return false
	}
	c.Header("Preference-Applied", "wait="+strconv.Itoa(int(wait.Seconds())))
	return clientContext(c).Err() == nil
}

// preferredWait reads how long a client would wait (RFC 7240, section 4.3), at most longestWait; 0: not at all. What cannot
// be read is no preference.
func preferredWait(header http.Header) time.Duration {
	for _, line := range header.Values("Prefer") {
		for preference := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
			if err != nil {
				return 0
			}
			return min(time.Duration(seconds)*time.Second, longestWait)
		}
	}
	return 0
}
