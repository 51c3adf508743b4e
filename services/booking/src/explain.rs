//! A booking's story as text.
