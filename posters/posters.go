// Package posters makes what is shown of an image that somebody sent: JPEGs of a few widths, and nothing else of it: no
// EXIF, no place where it was taken, no animation. Its one dependency is golang.org/x/image.
package posters

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // is read
	"slices"
	"sync"

	"github.com/boxoffice/boxoffice"
	scale "golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // is read
)

// Bounds of an image. One that is decoded takes 8 bytes a pixel at most: a file of a kilobyte can claim to be of any size,
// so its size is looked at before it is decoded.
const (
	MaxBytes  = 1 << 20
	MaxPixels = 12_000_000
	MinSide   = 100
	MaxSide   = 8_000
)

// widths are what posters are made in: for a list, for a page, and for a page on a screen of twice the pixels.
var widths = []int{320, 640, 1280}

const quality = 82

// Renderer makes posters, one at a time. It may be used by many goroutines at once.
type Renderer struct{ turn sync.Mutex }

var _ boxoffice.PosterRenderer = (*Renderer)(nil)

// Render reads a JPEG, PNG or WebP and makes the poster of it, in every width that is not wider than it, and at least in one.
// What is transparent becomes white. An orientation that EXIF asks for is not followed. CodeInvalid where it cannot be
// read, or is too small or too large. It costs up to a second of CPU and 150 MB.
func (r *Renderer) Render(raw []byte) (boxoffice.Poster, [][]byte, error) {
	var none boxoffice.Poster
	if len(raw) > MaxBytes {
		return none, nil, wrong("A poster has at most 1 MB.")
	}
	header, _, err := image.DecodeConfig(bytes.NewReader(raw))
	switch {
	case err != nil:
		return none, nil, wrong("This is no JPEG, PNG or WebP image.")
	case min(header.Width, header.Height) < MinSide:
		return none, nil, wrong("A poster is at least %d pixels wide and high.", MinSide)
	case max(header.Width, header.Height) > MaxSide, header.Width*header.Height > MaxPixels:
		return none, nil, wrong("A poster has at most %d pixels, and %d on a side.", MaxPixels, MaxSide)
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	decoded, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return none, nil, wrong("This image is damaged.")
	}
	return encode(decoded)
}

func wrong(format string, args ...any) error { return boxoffice.InvalidField("body", format, args...) }

// encode makes the JPEGs, the narrowest first.
func encode(from image.Image) (poster boxoffice.Poster, files [][]byte, err error) {
	full := from.Bounds()
	fitting := slices.DeleteFunc(slices.Clone(widths), func(width int) bool { return width > full.Dx() })
	if len(fitting) == 0 {
		fitting = []int{full.Dx()}
	}
	for _, width := range fitting {
		height := max(1, full.Dy()*width/full.Dx())
		to := image.NewRGBA(image.Rect(0, 0, width, height))
		draw.Draw(to, to.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		scale.CatmullRom.Scale(to, to.Bounds(), from, full, draw.Over, nil)
		var file bytes.Buffer
		if err := jpeg.Encode(&file, to, &jpeg.Options{Quality: quality}); err != nil {
			return boxoffice.Poster{}, nil, err
		}
		sum := sha256.Sum256(file.Bytes())
		poster.Images = append(poster.Images, boxoffice.PosterImage{Hash: hex.EncodeToString(sum[:]), Width: width, Height: height})
		files = append(files, file.Bytes())
	}
	return poster, files, nil
}
