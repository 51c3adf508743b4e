//! The payment service as a process of its own.

interstate::service_process!("payment");
