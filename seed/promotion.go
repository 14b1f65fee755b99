package seed

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice"
)

// DemoPromotion takes a tenth off bookings of all events of its organizer, once for each user.
var DemoPromotion = boxoffice.Promotion{
	Code: "WELCOME", Discount: boxoffice.Discount{Percent: 10}, Terms: boxoffice.PromotionTerms{UsesPerUser: 1, Active: true},
}

// CreatePromotion creates DemoPromotion for an organizer who has no code of that name.
func CreatePromotion(ctx context.Context, organizers boxoffice.OrganizerService, ownerID string) error {
	_, err := organizers.CreatePromotion(ctx, boxoffice.By{UserID: ownerID}, DemoPromotion)
	if err != nil && boxoffice.CodeOf(err) != boxoffice.CodeDuplicateIdentifier {
		return fmt.Errorf("create the code %s: %w", DemoPromotion.Code, err)
	}
	return nil
}
