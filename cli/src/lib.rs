//! The command line of Postbode.
