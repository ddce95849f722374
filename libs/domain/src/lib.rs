//! Decisions of Postbode: pure functions of state, input and time.
