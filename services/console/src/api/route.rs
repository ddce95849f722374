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

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name<W, H, T>(path: &'static str, handler: H, operation: Operation) -> Route<W>
        where
            W: World,
            H: Handler<T, Arc<Console<W>>>,
            T: 'static,
        {
            Route { operation: operation.at(Method::$method, path), handler: routing::$name(handler) }
        }
    )*};
}
methods! {
    /// `GET`.
    get GET;
    /// `POST`.
    post POST;
    /// `PATCH`.
    patch PATCH;
    /// `DELETE`.
    delete DELETE;
}
