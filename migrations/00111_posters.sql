-- +goose Up

-- The poster of a title: {"images": [{"hash", "width", "height"}, …]}, whose files are in the file store.
ALTER TABLE titles ADD COLUMN poster jsonb;

-- +goose Down
ALTER TABLE titles DROP COLUMN poster;
