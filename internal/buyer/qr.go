package buyer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	_ "image/png" // QR codes and rendered pages are PNG

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/multi/qrcode"
	"golang.org/x/image/draw"
)

// ReadQR reads the QR code in a PNG, as a scanner at the door does: one that sees no code looks again, nearer and farther.
// Where some of a code resembles a corner mark, it tries the marks three by three: gozxing's plain reader takes the three
// that look best, and misses one good code in eight hundred on a printed page at every size.
func ReadQR(picture []byte) (string, error) {
	seen, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", fmt.Errorf("read the picture: %w", err)
	}
	for _, scale := range []float64{1, 0.75, 1.5, 0.6, 2} {
		source := gozxing.NewLuminanceSourceFromImage(scaled(seen, scale))
		for _, binarizer := range []func(gozxing.LuminanceSource) gozxing.Binarizer{gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer} {
			bitmap, bitmapErr := gozxing.NewBinaryBitmap(binarizer(source))
			if bitmapErr != nil {
				return "", fmt.Errorf("read the picture: %w", bitmapErr)
			}
			codes, readErr := qrcode.NewQRCodeMultiReader().DecodeMultiple(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
			if len(codes) > 0 {
				return codes[0].GetText(), nil
			}
			if readErr != nil && err == nil {
				err = readErr // the first look tells most
			}
		}
	}
	return "", fmt.Errorf("find the QR code: %w", cmp.Or(err, errNoCode))
}

// errNoCode is of a picture that has corner marks, and no three of them around a code.
var errNoCode = errors.New("no three marks stand around a code")

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
