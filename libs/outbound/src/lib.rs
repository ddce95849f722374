//! HTTP to strangers: address policy, verification fetch, signed POST.
