//! Routes: what the router and the document are both made of, so that neither has one more than the other.

use std::sync::Arc;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{self, MethodRouter};

use super::operation::Operation;
use crate::world::{Console, World};

/// A handler, where it is, and what it does.
pub(super) struct Route<W: World> {
    pub(super) operation: Operation,
    pub(super) handler: MethodRouter<Arc<Console<W>>>,
}

/// Operations about one kind of thing.
#[derive(Clone, Debug)]
pub(crate) struct Section<R> {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it is about, in a sentence.
    pub(crate) about: &'static str,
    /// What can be done.
    pub(crate) routes: Vec<R>,
}

impl<R> Section<R> {
    /// A section.
    pub(super) fn new(
        name: &'static str,
        about: &'static str,
        routes: impl IntoIterator<Item = Vec<R>>,
    ) -> Self {
        Self { name, about, routes: routes.into_iter().flatten().collect() }
    }

    /// The same, of other routes.
    pub(super) fn map<T>(self, each: impl Fn(R) -> T) -> Section<T> {
        Section { name: self.name, about: self.about, routes: self.routes.into_iter().map(each).collect() }
    }
}

/// `GET`.
pub(super) fn get<W, H, T>(path: &'static str, handler: H, operation: Operation) -> Route<W>
where
    W: World,
    H: Handler<T, Arc<Console<W>>>,
    T: 'static,
{
    Route { operation: operation.at(Method::GET, path), handler: routing::get(handler) }
}

/// `POST`.
pub(super) fn post<W, H, T>(path: &'static str, handler: H, operation: Operation) -> Route<W>
where
    W: World,
    H: Handler<T, Arc<Console<W>>>,
    T: 'static,
{
    Route { operation: operation.at(Method::POST, path), handler: routing::post(handler) }
}

/// `PATCH`.
pub(super) fn patch<W, H, T>(path: &'static str, handler: H, operation: Operation) -> Route<W>
where
    W: World,
    H: Handler<T, Arc<Console<W>>>,
    T: 'static,
{
    Route { operation: operation.at(Method::PATCH, path), handler: routing::patch(handler) }
}

/// `DELETE`.
pub(super) fn delete<W, H, T>(path: &'static str, handler: H, operation: Operation) -> Route<W>
where
    W: World,
    H: Handler<T, Arc<Console<W>>>,
    T: 'static,
{
    Route { operation: operation.at(Method::DELETE, path), handler: routing::delete(handler) }
}
