#!/bin/sh
exec node /usr/lib/tandem/tandem.cjs "$@"
