package buyer

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png" // QR codes and rendered pages are PNG

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
)

// ReadQR reads the QR code in a PNG, as a scanner at the door does: one that sees no code looks again, nearer and farther.
// A single look of gozxing misses about one good code in fifty, where the pattern happens to resemble a corner mark.
func ReadQR(picture []byte) (string, error) {
	seen, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", fmt.Errorf("read the picture: %w", err)
	}
	for _, scale := range []float64{1, 0.75, 1.5, 0.6, 2} {
		source := gozxing.NewLuminanceSourceFromImage(scaled(seen, scale))
		for _, look := range looks {
			bitmap, bitmapErr := gozxing.NewBinaryBitmap(look.binarizer(source))
			if bitmapErr != nil {
				return "", fmt.Errorf("read the picture: %w", bitmapErr)
			}
			code, readErr := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{look.hint: true})
			if readErr == nil {
				return code.GetText(), nil
			}
			if err == nil {
				err = readErr // the first look tells most
			}
		}
	}
	return "", fmt.Errorf("find the QR code: %w", err)
}

// looks are the ways to look at one picture, the best first. The last is for a picture of nothing but a code.
var looks = []struct {
	binarizer func(gozxing.LuminanceSource) gozxing.Binarizer
	hint      gozxing.DecodeHintType
}{
	{gozxing.NewHybridBinarizer, gozxing.DecodeHintType_TRY_HARDER},
	{gozxing.NewGlobalHistgramBinarizer, gozxing.DecodeHintType_TRY_HARDER},
	{gozxing.NewHybridBinarizer, gozxing.DecodeHintType_PURE_BARCODE},
}

// scaled gives a picture in another size.
func scaled(picture image.Image, scale float64) image.Image {
	if scale == 1 {
		return picture
	}
	side := func(pixels int) int { return max(1, int(float64(pixels)*scale)) }
	resized := image.NewGray(image.Rect(0, 0, side(picture.Bounds().Dx()), side(picture.Bounds().Dy())))
	draw.BiLinear.Scale(resized, resized.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return resized
}
