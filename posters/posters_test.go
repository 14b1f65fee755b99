package posters_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/posters"
)

// picture is red at the top, and transparent below.
func picture(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height / 2 {
		for x := range width {
			img.Set(x, y, color.NRGBA{R: 255, A: 255})
		}
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, img))
	return file.Bytes()
}

func TestRender(t *testing.T) {
	t.Parallel()
	var r posters.Renderer
	for name, test := range map[string]struct {
		width, height int
		want          [][2]int
	}{
		"large":    {1280, 240, [][2]int{{320, 60}, {640, 120}, {1280, 240}}},
		"medium":   {700, 350, [][2]int{{320, 160}, {640, 320}}},
		"small":    {200, 300, [][2]int{{200, 300}}},
		"of a row": {6000, 100, [][2]int{{320, 5}, {640, 10}, {1280, 21}}},
	} {
		poster, files, err := r.Render(asPNG(t, picture(test.width, test.height)))
		require.NoError(t, err, name)
		require.Len(t, files, len(test.want))
		for i, file := range files {
			img, err := jpeg.Decode(bytes.NewReader(file))
			require.NoError(t, err)
			require.Equal(t, test.want[i], [2]int{img.Bounds().Dx(), img.Bounds().Dy()}, name)
			require.Equal(t, test.want[i], [2]int{poster.Images[i].Width, poster.Images[i].Height}, name)
			require.Len(t, poster.Images[i].Hash, 64)
			red, green, _, _ := img.At(img.Bounds().Dx()/2, 0).RGBA()
			require.Greater(t, red, green+0x4000, "%s: it is the same picture", name)
			_, green, _, _ = img.At(img.Bounds().Dx()/2, img.Bounds().Dy()-1).RGBA()
			require.Greater(t, green, uint32(0xf000), "%s: what is transparent is white", name)
		}
	}
}

// What a camera wrote about whoever took the picture is not in what is served.
func TestRender_KeepsNothingButThePicture(t *testing.T) {
	t.Parallel()
	var plain bytes.Buffer
	require.NoError(t, jpeg.Encode(&plain, picture(400, 400), nil))
	secret := []byte("Exif\x00\x00GPS 39.73 N, 121.84 W, Ada's phone")
	marked := bytes.NewBuffer(nil)
	marked.Write(plain.Bytes()[:2])
	marked.Write([]byte{0xff, 0xe1})
	require.NoError(t, binary.Write(marked, binary.BigEndian, uint16(len(secret)+2)))
	marked.Write(secret)
	marked.Write(plain.Bytes()[2:])
	marked.WriteString("<script>alert(1)</script>")
	var r posters.Renderer
	_, files, err := r.Render(marked.Bytes())
	require.NoError(t, err)
	for _, file := range files {
		require.NotContains(t, string(file), "Exif")
		require.NotContains(t, string(file), "Ada")
		require.NotContains(t, string(file), "script")
	}
}

// webpDot is a WebP of 1 by 1 pixel.
const webpDot = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"

func TestRender_Refuses(t *testing.T) {
	t.Parallel()
	bomb := asPNG(t, image.NewGray(image.Rect(0, 0, 200, 200)))
	claim := func(width, height uint32) []byte { // a PNG whose header claims another size
		lie := bytes.Clone(bomb)
		binary.BigEndian.PutUint32(lie[16:], width)
		binary.BigEndian.PutUint32(lie[20:], height)
		binary.BigEndian.PutUint32(lie[29:], crc32.ChecksumIEEE(lie[12:29]))
		return lie
	}
	dot, err := base64.StdEncoding.DecodeString(webpDot)
	require.NoError(t, err)
	good := asPNG(t, picture(200, 200))
	var r posters.Renderer
	for name, raw := range map[string][]byte{
		"nothing": nil, "text": []byte("<svg onload=alert(1)>"), "too small": asPNG(t, picture(99, 200)), "a dot": dot,
		"a bomb": claim(8000, 8000), "too wide": claim(8001, 100), "an endless one": claim(1<<31-1, 1<<31-1),
		"cut off": good[:len(good)/2], "too heavy": append(bytes.Clone(good), make([]byte, posters.MaxBytes)...),
	} {
		_, files, err := r.Render(raw)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), name)
		require.Empty(t, files, name)
		if slices.Contains([]string{"a bomb", "too wide"}, name) {
			require.ErrorContains(t, err, "at most 12000000 pixels", "%s is not decoded", name)
		}
	}
}

// A WebP is read: what is wrong with one of a single pixel is its size.
func TestRender_ReadsWebP(t *testing.T) {
	t.Parallel()
	dot, err := base64.StdEncoding.DecodeString(webpDot)
	require.NoError(t, err)
	var r posters.Renderer
	_, _, err = r.Render(dot)
	require.ErrorContains(t, err, "pixels wide")
}
