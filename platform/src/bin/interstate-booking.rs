//! The booking service as a process of its own.

interstate::service_process!("booking");
