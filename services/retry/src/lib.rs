//! Holds records until they are due.
