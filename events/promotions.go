package events

import (
	"context"

	"github.com/boxoffice/boxoffice"
)

// CreatePromotion stores a promotion with its code in capitals.
func (s *Service) CreatePromotion(ctx context.Context, by boxoffice.By, p boxoffice.Promotion) (boxoffice.Promotion, error) {
	if p.Terms.ValidFrom.IsZero() {
		p.Terms.ValidFrom = s.now()
	}
	var wrong fields
	code, ok := boxoffice.PromotionCode(p.Code)
	if !ok {
		wrong.add("code", boxoffice.WrongPromotionCode)
	}
	wrong = append(wrong, p.Discount.Wrong()...)
	if p.Discount.Currency != "" {
		wrong.currency(p.Discount.Currency)
	}
	wrong = append(wrong, p.Terms.Wrong()...)
	if err := wrong.err(); err != nil {
		return boxoffice.Promotion{}, err
	}
	p.Code = code
	return s.OrganizerStore.CreatePromotion(ctx, by, p)
}
