//! The user service as a process of its own.

interstate::service_process!("user");
