//! Steps on caches: look-ups with what follows them, writes, removals.

use super::caches::is_private;
use super::codes;
use super::context::{At, listed};
use super::model::{
    CacheRules, Cached, ComponentId, EntityId, ErrorClass, Negative, Put, Removal, Removed, Step, Ttl,
};
use super::policy::error_classes;
use super::steps::{CacheUse, List, Salts, StepBuilder};
use crate::spec::raw::{RawCached, RawInvalidate, RawNegative, RawPurge, RawPut};
use crate::spec::scalar::{LawText, ShareText, SpanText};
use crate::units::SimSpan;

/// Longest time for which a value past its life may be of use: as good as for ever.
const STALE_MAX: SimSpan = SimSpan::from_secs(100 * 365 * 86_400);

impl<'a> StepBuilder<'_, 'a> {
    fn cache(&mut self, at: &At, name: &str) -> Option<ComponentId> {
        let component = self.directory.component(self.cx, at, name)?;
        if self.directory.components[component].is_cache {
            return Some(component);
        }
        let caches = self.directory.components.values().filter(|entry| entry.is_cache);
        let caches: Vec<&str> = caches.map(|entry| entry.name.as_str()).collect();
        let help = match caches.as_slice() {
            [] => "give it `cache:`".to_owned(),
            caches => format!("give it `cache:`, or use one of {}", listed(caches.iter().copied())),
        };
        self.cx.error(codes::NO_MECHANISM, at, format!("`{name}` remembers nothing"), help);
        None
    }

    /// The cache and the key space that a step names.
    fn cache_and_entity(&mut self, at: &At, cache: &str, key: &str) -> Option<(ComponentId, EntityId)> {
        let component = self.cache(&at.key("in"), cache);
        let entity = self.directory.entity(self.cx, &at.key("key"), key);
        Some((component?, entity?))
    }

    /// A look-up, what follows it, and the fill.
    pub(super) fn cached(
        &mut self,
        at: &At,
        raw: &RawCached,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let found = self.cache_and_entity(at, &raw.cache, &raw.key);
        let salt = salts.next(list, &format!("cached {} {}", raw.cache, raw.key));
        let ttl = self.ttl(at, raw.ttl.as_ref(), raw.sliding_ttl.as_ref());
        let rules = self.cache_rules(at, raw, ttl);
        let hit = self.list(&raw.hit, &list.inside(at.key("hit"), &salt, "hit"));
        let miss = self.list(&raw.miss, &list.inside(at.key("miss"), &salt, "miss"));
        let (component, entity) = found?;
        self.cache_uses.push(CacheUse { component, entity, at: at.clone() });
        let get = self.directory.free_operation(component, "get");
        let set = self.directory.free_operation(component, "set");
        let get = self.call_to(at, format!("{salt}/get"), (component, get), None);
        self.refuse_extras(at, &get, "a look-up or a fill");
        Some(Step::Cached(Box::new(Cached {
            get,
            set: self.call_to(at, format!("{salt}/set"), (component, set), None),
            salt,
            entity,
            ttl,
            rules,
            single_flight: raw.single_flight.unwrap_or(false),
            hit,
            miss,
        })))
    }

    fn ttl(&mut self, at: &At, fixed: Option<&SpanText>, sliding: Option<&SpanText>) -> Ttl {
        match (fixed, sliding) {
            (None, None) => Ttl::Never,
            (Some(ttl), None) => {
                self.cx.span_above_zero(&at.key("ttl"), "`ttl`", ttl).map_or(Ttl::Never, Ttl::Fixed)
            }
            (None, Some(ttl)) => self
                .cx
                .span_above_zero(&at.key("sliding-ttl"), "`sliding-ttl`", ttl)
                .map_or(Ttl::Never, Ttl::Sliding),
            (Some(_), Some(_)) => {
                let message = "`ttl` and `sliding-ttl` exclude each other";
                self.cx.error(codes::CONTRADICTION, &at.key("sliding-ttl"), message, "keep one of them");
                Ttl::Never
            }
        }
    }

    fn cache_rules(&mut self, at: &At, raw: &RawCached, ttl: Ttl) -> CacheRules {
        let jitter = self.jitter(at, raw.ttl_jitter.as_ref(), ttl);
        let stale = |builder: &mut Self, key: &str, text: Option<&SpanText>| {
            let Some(text) = text else { return SimSpan::ZERO };
            let span = builder.cx.span(&at.key(key), text).unwrap_or(SimSpan::ZERO);
            builder.needs_ttl(&at.key(key), key, ttl);
            span.min(STALE_MAX)
        };
        CacheRules {
            jitter,
            stale_while_revalidate: stale(
                self,
                "stale-while-revalidate",
                raw.stale_while_revalidate.as_ref(),
            ),
            stale_if_error: stale(self, "stale-if-error", raw.stale_if_error.as_ref()),
            negative: raw.negative.as_ref().and_then(|raw| self.negative(&at.key("negative"), raw)),
            first_fill_wins: raw.first_fill_wins.unwrap_or(false),
        }
    }

    fn needs_ttl(&mut self, at: &At, key: &str, ttl: Ttl) {
        if ttl == Ttl::Never {
            let message = format!("`{key}` needs `ttl`: what never expires is never stale");
            self.cx.error(codes::MISSING, at, message, "add `ttl:`");
        }
    }

    fn jitter(&mut self, at: &At, text: Option<&ShareText>, ttl: Ttl) -> f64 {
        let Some(text) = text else { return 0.0 };
        let at = at.key("ttl-jitter");
        if !matches!(ttl, Ttl::Fixed(_)) {
            let message = "`ttl-jitter` spreads the end of a `ttl`, and there is none";
            self.cx.error(codes::MISSING, &at, message, "add `ttl:`");
        }
        self.cx.share(&at, text).unwrap_or(0.0)
    }

    fn negative(&mut self, at: &At, raw: &RawNegative) -> Option<Negative> {
        let on = raw.on.as_deref().map_or_else(|| vec![ErrorClass::Error], error_classes);
        if on.is_empty() {
            self.cx.warning(codes::NO_EFFECT, &at.key("on"), "no failure is remembered", "list failures");
        }
        let ttl = self.cx.span_above_zero(&at.key("ttl"), "`ttl`", &raw.ttl)?;
        Some(Negative { on, ttl })
    }

    /// The write of a key.
    pub(super) fn put(&mut self, at: &At, raw: &RawPut, list: &List, salts: &mut Salts) -> Option<Step> {
        let found = self.cache_and_entity(at, &raw.cache, &raw.key);
        let salt = salts.next(list, &format!("put {} {}", raw.cache, raw.key));
        let ttl = self.ttl(at, raw.ttl.as_ref(), None);
        let jitter = self.jitter(at, raw.ttl_jitter.as_ref(), ttl);
        let (component, entity) = found?;
        self.cache_uses.push(CacheUse { component, entity, at: at.clone() });
        let put = self.directory.free_operation(component, "put");
        let call = self.call_to(at, salt, (component, put), None);
        self.refuse_extras(at, &call, "a write to a cache");
        Some(Step::Put(Box::new(Put { call, entity, ttl, jitter })))
    }

    /// The removal of a key from the replica that is called.
    pub(super) fn invalidate(
        &mut self,
        at: &At,
        raw: &RawInvalidate,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let found = self.cache_and_entity(at, &raw.cache, &raw.key);
        let salt = salts.next(list, &format!("invalidate {} {}", raw.cache, raw.key));
        let (component, entity) = found?;
        self.removal(at, salt, "delete", component, Removed::Key(entity), raw.delay.as_ref())
    }

    /// The removal of a key, an entity's keys or everything from all replicas.
    pub(super) fn purge(&mut self, at: &At, raw: &RawPurge, list: &List, salts: &mut Salts) -> Option<Step> {
        let component = self.cache(&at.key("in"), &raw.cache);
        let (what, word) = match (&raw.key, &raw.all) {
            (None, None) => (Some(Removed::Everything), "everything"),
            (Some(key), None) => {
                let entity = self.directory.entity(self.cx, &at.key("key"), key);
                (entity.map(Removed::Key), key.as_str())
            }
            (None, Some(all)) => {
                let entity = self.directory.entity(self.cx, &at.key("all"), all);
                (entity.map(Removed::Keys), all.as_str())
            }
            (Some(_), Some(all)) => {
                let message = "`key` and `all` exclude each other";
                self.cx.error(codes::CONTRADICTION, &at.key("all"), message, "keep one of them");
                (None, all.as_str())
            }
        };
        let salt = salts.next(list, &format!("purge {} {word}", raw.cache));
        if is_private(self.cx, &raw.cache) {
            let message = format!("`{}` is private memories, which nobody can purge from outside", raw.cache);
            self.cx.error(
                codes::CONTRADICTION,
                &at.key("in"),
                message,
                "`invalidate` removes the visitor's own",
            );
            return None;
        }
        self.removal(at, salt, "purge", component?, what?, raw.delay.as_ref())
    }

    fn removal(
        &mut self,
        at: &At,
        salt: String,
        operation: &str,
        component: ComponentId,
        what: Removed,
        delay: Option<&LawText>,
    ) -> Option<Step> {
        let delay = match delay {
            None => None,
            Some(text) => Some(self.cx.time_law(&at.key("delay"), text)?),
        };
        let everywhere = operation == "purge";
        let operation = self.directory.free_operation(component, operation);
        let call = self.call_to(at, salt, (component, operation), None);
        self.refuse_extras(at, &call, "a removal");
        Some(Step::Remove(Box::new(Removal { call, what, everywhere, delay })))
    }
}
