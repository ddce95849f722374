module postbode.invalid/promtool

go 1.26.0

require github.com/prometheus/prometheus v0.313.5

replace cloud.google.com/go => cloud.google.com/go v0.123.0
