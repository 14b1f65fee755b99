#!/bin/sh
# Makes the namespace, or brings it up to date: how long closed workflows stay readable, and by what they can be searched.
# Harmless when repeated. A new namespace takes some seconds until every part of the server knows it.
set -eu

patiently() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || return 1
    sleep 2
  done
}

attributes=
for attribute in $SEARCH_ATTRIBUTES; do
  attributes="$attributes --name ${attribute%%=*} --type ${attribute#*=}"
done

patiently temporal operator cluster health
temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
patiently temporal operator namespace update -n "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
# shellcheck disable=SC2086 # a word for each
patiently temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" $attributes
