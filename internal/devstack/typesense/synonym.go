package typesense

import (
	"encoding/json"
	"net/http"
	"slices"
)

// synonym says that words mean the same: each of Synonyms for each other, or with a root, each of them for the root.
type synonym struct {
	ID       string   `json:"id"`
	Root     string   `json:"root"`
	Synonyms []string `json:"synonyms"`
}

const (
	maxSynonyms     = 1000
	maxSynonymWords = 50
)

func parseSynonym(id string, body []byte) (synonym, error) {
	s := synonym{ID: id}
	if !json.Valid(body) {
		return s, errBadJSON
	}
	err := json.Unmarshal(body, &s)
	s.ID = id
	if err != nil || len(s.Synonyms) == 0 || len(s.Synonyms) > maxSynonymWords {
		return s, badRequest("Could not find an array of `synonyms`")
	}
	return s, nil
}

func withSynonym(list []synonym, s synonym) []synonym {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, func(old synonym) bool { return old.ID == s.ID }); i >= 0 {
		list[i] = s
		return list
	}
	return append(list, s)
}

func withoutSynonym(list []synonym, id string) []synonym {
	return slices.DeleteFunc(slices.Clone(list), func(s synonym) bool { return s.ID == id })
}

// changeSynonyms replaces the collection's synonyms by what change makes of them.
func (c *collection) changeSynonyms(r record, change func([]synonym) ([]synonym, error)) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.state == nil {
		return errNoCollection
	}
	list, err := change(c.state.synonyms)
	if err != nil {
		return err
	}
	if len(list) > maxSynonyms {
		return refuse(http.StatusUnprocessableEntity, "A collection has %d synonyms at most.", maxSynonyms)
	}
	r.Collection = c.name
	if err := c.journal.append(r); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.synonyms = list
	return nil
}

// variants gives the words of a query, and those that it becomes where a synonym stands in place of what it means.
func (st *state) variants(words []string) [][]string {
	variants := [][]string{words}
	for _, s := range st.synonyms {
		from, to := s.Synonyms, s.Synonyms
		if s.Root != "" {
			from = []string{s.Root}
		}
		for _, old := range from {
			at, length := find(words, st.words.words(old))
			if at < 0 {
				continue
			}
			for _, replacement := range to {
				if old != replacement {
					variants = append(variants, slices.Concat(words[:at], st.words.words(replacement), words[at+length:]))
				}
			}
		}
		if len(variants) > maxSynonymWords {
			return variants[:maxSynonymWords]
		}
	}
	return variants
}

// find gives where some words first stand side by side, and how many they are; -1 if they do not.
func find(words, wanted []string) (at, length int) {
	for i := 0; len(wanted) > 0 && i+len(wanted) <= len(words); i++ {
		if slices.Equal(words[i:i+len(wanted)], wanted) {
			return i, len(wanted)
		}
	}
	return -1, 0
}
