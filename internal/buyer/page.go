package buyer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Declined is the payment page's word that a card was not taken. The page stays open for another.
type Declined struct{ Status int }

// Error says so.
func (d *Declined) Error() string {
	return fmt.Sprintf("the card was declined: the page answers %d", d.Status)
}

// PageClosed is the payment page's word that it takes no payment: 410 when its time is over, 409 when it was paid.
type PageClosed struct{ Status int }

// Error says so.
func (p *PageClosed) Error() string {
	return fmt.Sprintf("the payment page is closed: it answers %d", p.Status)
}

// Pay fills in the payment page's form. It gives where the page leads to, or *Declined, or *PageClosed.
func (b *Buyer) Pay(ctx context.Context, page, email, card string) (string, error) {
	form := url.Values{"email": {email}, "card_number": {card}}
	status, location, err := b.visit(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	switch status {
	case http.StatusSeeOther:
		return location, nil
	case http.StatusPaymentRequired:
		return "", &Declined{Status: status}
	default:
		return "", notPayable(status)
	}
}

// Open looks at the payment page. It gives nil where the page is there, to be paid or paid already, or *PageClosed.
func (b *Buyer) Open(ctx context.Context, page string) error {
	status, _, err := b.visit(ctx, http.MethodGet, page, http.NoBody)
	if err != nil || status == http.StatusOK {
		return err
	}
	return notPayable(status)
}

func notPayable(status int) error {
	if status == http.StatusGone || status == http.StatusConflict {
		return &PageClosed{Status: status}
	}
	return fmt.Errorf("the payment page answers %d %s", status, http.StatusText(status))
}

// visit makes a request to a page that is not ours: without the session.
func (b *Buyer) visit(ctx context.Context, method, page string, body io.Reader) (status int, location string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, page, body)
	if err != nil {
		return 0, "", err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, response.Header.Get("Location"), response.Body.Close()
}
