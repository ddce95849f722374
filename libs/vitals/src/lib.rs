//! Whether a service that lives on Kafka is well: what it says of its clients in readiness, liveness and metrics.

use process::Service;
use stream::{Access, RegistryView, Source};

/// Says what Kafka refuses this process: a certificate, a password, a right.
pub fn access<C>(service: &Service<C>) {
    let access = Access::watch();
    service.health.ready_when("kafka.access", move || access.state());
    service.metrics.register_collector(access);
}

/// Ready when the group has given us our share; alive while the client is polled.
pub fn source<C>(service: &Service<C>, source: &Source) {
    let (joined, alive) = (source.monitor(), source.monitor());
    service.health.ready_when("kafka", move || joined.joined());
    service.health.live("kafka.poll", move || alive.alive());
    service.metrics.register_collector(source.monitor());
}

/// For who acts by the registry alone: ready while its view is proven to be current. A view that cannot go on is a crash.
pub fn registry<C>(service: &Service<C>, view: &RegistryView) {
    let (failed, soft_stop) = (view.failed(), service.lifecycle.soft_stop());
    service.lifecycle.spawn("registry", async move {
        tokio::select! {
            error = failed => Err(error.into()),
            () = soft_stop => Ok(()),
        }
    });
    let fresh = view.clone();
    service.health.ready_when("registry", move || fresh.proof());
    service.metrics.register_collector(view.clone());
}

/// For who answers requests by the registry: ready when it was read to its end, and Kafka answered a moment ago.
pub fn registry_and_kafka<C>(service: &Service<C>, view: &RegistryView) {
    let (state, fresh) = (view.changed(), view.clone());
    let read = move || if state.borrow().ready { Ok(()) } else { Err("not read to its end yet".to_owned()) };
    service.health.ready_when("registry", read);
    service.health.ready_when("kafka", move || fresh.proof());
    service.metrics.register_collector(view.clone());
}
