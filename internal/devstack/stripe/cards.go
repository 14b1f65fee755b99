package stripe

import (
	"fmt"
	"strings"
	"time"
)

// behaviour is what a test card does beyond paying.
type behaviour string

const (
	pays            behaviour = ""
	refundsLater    behaviour = "refunds_later"     // a refund is pending, then succeeds
	refundFails     behaviour = "refund_fails"      // a refund succeeds, then fails
	disputedAsFraud behaviour = "disputed_as_fraud" // the payment succeeds, then is disputed
)

// testCard is one of Stripe's documented test numbers (https://stripe.com/docs/testing).
type testCard struct {
	Number    string
	Note      string // what the payment page says about it
	behaviour behaviour
	decline   *decline
}

var testCards = []testCard{
	{Number: "4242424242424242", Note: "pays"},
	{Number: "4000000000000002", Note: "is declined", decline: &decline{
		Code: "card_declined", DeclineCode: "generic_decline", Message: "Your card was declined."}},
	{Number: "4000000000009995", Note: "is declined: insufficient funds", decline: &decline{
		Code: "card_declined", DeclineCode: "insufficient_funds", Message: "Your card has insufficient funds."}},
	{Number: "4000000000007726", Note: "pays; a refund is pending first, then succeeds", behaviour: refundsLater},
	{Number: "4000000000005126", Note: "pays; a refund succeeds first, then fails", behaviour: refundFails},
	{Number: "4000000000000259", Note: "pays; the payment is then disputed as fraudulent", behaviour: disputedAsFraud},
}

// cardInput is what the buyer typed.
type cardInput struct {
	number string
	expiry string // MM/YY, optional
	cvc    string // optional
}

// judge tells how a payment with this card goes. A decline with a Param is a mistake in the form: no payment is tried.
func (in cardInput) judge(now time.Time) (cardOnFile, *decline) {
	number := strings.NewReplacer(" ", "", "-", "").Replace(in.number)
	if len(number) < 12 || len(number) > 19 || !luhn(number) {
		return cardOnFile{}, &decline{Code: "incorrect_number", Param: "number", Message: "Your card number is incorrect."}
	}
	card := cardOnFile{
		Brand: brandOf(number), Last4: number[len(number)-4:],
		ExpMonth: int(now.Month()), ExpYear: now.Year() + 3,
	}
	if wrong := in.readExpiry(&card, now); wrong != nil {
		return cardOnFile{}, wrong
	}
	if cvc := strings.TrimSpace(in.cvc); cvc != "" && (len(cvc) < 3 || len(cvc) > 4 || !digits(cvc)) {
		return cardOnFile{}, &decline{Code: "invalid_cvc", Param: "cvc", Message: "Your card's security code is invalid."}
	}
	for _, known := range testCards {
		if known.Number == number {
			card.Behaviour = known.behaviour
			return card, known.decline
		}
	}
	return card, &decline{Code: "card_declined", DeclineCode: "test_mode_live_card",
		Message: "Your card was declined. Your request was in test mode, but used a non test card. " +
			"For a list of valid test cards, visit: https://stripe.com/docs/testing."}
}

func (in cardInput) readExpiry(card *cardOnFile, now time.Time) *decline {
	text := strings.ReplaceAll(in.expiry, " ", "")
	if text == "" {
		return nil
	}
	var month, year int
	if n, err := fmt.Sscanf(text, "%d/%d", &month, &year); err != nil || n != 2 || month < 1 || month > 12 || year < 0 {
		return &decline{Code: "invalid_expiry_month", Param: "exp_month", Message: "Your card's expiration date is invalid. Write it as MM/YY."}
	}
	if year < 100 {
		year += 2000
	}
	if year > now.Year()+50 {
		return &decline{Code: "invalid_expiry_year", Param: "exp_year", Message: "Your card's expiration year is invalid."}
	}
	if year < now.Year() || (year == now.Year() && month < int(now.Month())) {
		return &decline{Code: "invalid_expiry_year", Param: "exp_year", Message: "Your card's expiration date is in the past."}
	}
	card.ExpMonth, card.ExpYear = month, year
	return nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// luhn checks the check digit that every card number ends with.
func luhn(number string) bool {
	if !digits(number) {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func brandOf(number string) string {
	switch {
	case strings.HasPrefix(number, "4"):
		return "visa"
	case number[:2] >= "51" && number[:2] <= "55", number[:4] >= "2221" && number[:4] <= "2720":
		return "mastercard"
	case strings.HasPrefix(number, "34"), strings.HasPrefix(number, "37"):
		return "amex"
	}
	return "unknown"
}
