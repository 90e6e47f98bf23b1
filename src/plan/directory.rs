//! Who is who: every name of the topology with its index, collected before
//! anything refers to it.

use super::codes;
use super::context::{At, Context, listed};
use super::language_models::meter_names;
use super::messaging::MessageNames;
use super::model::{BrokerId, ClientId, ComponentId, DatasetId, EntityId, OperationId, PlaceId};
use indexmap::{IndexMap, IndexSet};

/// Every name of the topology, in the order of the file.
pub(super) struct Directory {
    /// Places; one called `here` if the file has none.
    pub(super) places: IndexSet<String>,
    /// Zones of the places that have several.
    pub(super) zones: IndexMap<String, u32>,
    /// What requests carry.
    pub(super) attributes: IndexSet<String>,
    /// Key spaces.
    pub(super) entities: IndexSet<String>,
    /// Components and what they serve.
    pub(super) components: IndexMap<String, ComponentEntry>,
    /// Clients and where they are.
    pub(super) clients: IndexMap<String, PlaceId>,
    /// What steps about messages refer to.
    pub(super) messages: MessageNames,
}

/// What others need to know of a component to refer to it.
pub(super) struct ComponentEntry {
    /// Its name.
    pub(super) name: String,
    /// Where it runs.
    pub(super) place: PlaceId,
    /// Its operations: those declared, then free ones that cache steps needed.
    pub(super) operations: IndexSet<String>,
    /// How many of them the file declares.
    pub(super) declared: usize,
    /// What is counted of it for the bill.
    pub(super) meters: IndexSet<String>,
    /// Whether it is a language model.
    pub(super) is_model: bool,
    /// Whether it remembers keys.
    pub(super) is_cache: bool,
    /// Its datasets, if it keeps data.
    pub(super) datasets: Option<IndexSet<String>>,
    /// The broker it is, if it is one.
    pub(super) broker: Option<BrokerId>,
}

/// Name of the only place of a topology that states none.
const PLACE_DEFAULT: &str = "here";

impl Directory {
    /// Collects every name, checking that each can be one and stands for one thing.
    pub(super) fn collect(cx: &mut Context<'_>) -> Self {
        let topology = &cx.input.topology;
        check_names(cx, &At::topology("places"), topology.places.keys());
        check_names(cx, &At::topology("entities"), topology.entities.keys());
        check_names(cx, &At::topology("components"), topology.components.keys());
        check_names(cx, &At::topology("clients"), topology.clients.keys());
        let mut places: IndexSet<String> = topology.places.keys().cloned().collect();
        if places.is_empty() {
            places.insert(PLACE_DEFAULT.to_owned());
        }
        let mut directory = Self {
            places,
            zones: zones(cx),
            attributes: topology.attributes.keys().cloned().collect(),
            entities: topology.entities.keys().cloned().collect(),
            components: IndexMap::new(),
            clients: IndexMap::new(),
            messages: MessageNames::default(),
        };
        directory.collect_components(cx);
        directory.collect_clients(cx);
        directory
    }

    fn collect_components(&mut self, cx: &mut Context<'_>) {
        let mut brokers = 0..;
        for (name, raw) in &cx.input.topology.components {
            let at = At::topology("components").key(name);
            check_names(cx, &at.key("schedules"), raw.schedules.keys());
            check_names(cx, &at.key("operations"), raw.operations.keys());
            check_names(cx, &at.key("meters"), raw.meters.keys());
            let datasets = raw.store.as_ref().map(|store| {
                check_names(cx, &at.key("store").key("datasets"), store.datasets.keys());
                store.datasets.keys().cloned().collect()
            });
            let operations: IndexSet<String> = raw.operations.keys().cloned().collect();
            let entry = ComponentEntry {
                name: name.clone(),
                place: self.place_of(cx, &at, raw.place.as_deref()),
                declared: operations.len(),
                operations,
                meters: meter_names(raw),
                is_model: raw.model.is_some(),
                is_cache: raw.cache.is_some(),
                datasets,
                broker: raw.broker.as_ref().and_then(|_| brokers.next()),
            };
            self.components.insert(name.clone(), entry);
        }
    }

    fn collect_clients(&mut self, cx: &mut Context<'_>) {
        for (name, raw) in &cx.input.topology.clients {
            let at = At::topology("clients").key(name);
            check_names(cx, &at.key("journeys"), raw.journeys.keys());
            if self.components.contains_key(name) {
                let message = format!("`{name}` is both a component and a client");
                let help = "calls are told apart by their caller's name: rename one of them";
                cx.error(codes::DUPLICATE, &at, message, help);
            }
            let place = self.place_of(cx, &at, raw.place.as_deref());
            self.clients.insert(name.clone(), place);
        }
    }

    /// The place named, or the only one; complains otherwise and says the first.
    fn place_of(&self, cx: &mut Context<'_>, at: &At, name: Option<&str>) -> PlaceId {
        match name {
            Some(name) => self.place(cx, &at.key("place"), name).unwrap_or(0),
            None if self.places.len() == 1 => 0,
            None => {
                let message = "it must say its `place`, because there are several";
                cx.error(codes::MISSING, at, message, choices("add `place:` with one of", &self.places));
                0
            }
        }
    }

    /// The place with this name, or a complaint.
    pub(super) fn place(&self, cx: &mut Context<'_>, at: &At, name: &str) -> Option<PlaceId> {
        let found = self.places.get_index_of(name);
        if found.is_none() {
            cx.unknown(at, "place", name, self.places.iter().map(String::as_str));
        }
        found
    }

    /// The entity with this name, or a complaint.
    pub(super) fn entity(&self, cx: &mut Context<'_>, at: &At, name: &str) -> Option<EntityId> {
        let found = self.entities.get_index_of(name);
        if found.is_none() {
            cx.unknown(at, "entity", name, self.entities.iter().map(String::as_str));
        }
        found
    }

    /// The component with this name, if there is one.
    pub(super) fn component_named(&self, name: &str) -> Option<ComponentId> {
        self.components.get_index_of(name)
    }

    /// The client with this name, if there is one.
    pub(super) fn client_named(&self, name: &str) -> Option<ClientId> {
        self.clients.get_index_of(name)
    }

    /// The component with this name, or a complaint.
    pub(super) fn component(&self, cx: &mut Context<'_>, at: &At, name: &str) -> Option<ComponentId> {
        let found = self.component_named(name);
        if found.is_none() {
            cx.unknown(at, "component", name, self.component_names());
        }
        found
    }

    /// All components' names.
    pub(super) fn component_names(&self) -> impl Iterator<Item = &str> {
        self.components.keys().map(String::as_str)
    }

    /// The operation with this name, or a complaint.
    pub(super) fn operation(
        &self,
        cx: &mut Context<'_>,
        at: &At,
        component: ComponentId,
        name: &str,
    ) -> Option<OperationId> {
        let entry = &self.components[component];
        let found = entry.operations.get_index_of(name);
        if found.is_none() {
            let what = format!("operation of `{}` called", entry.name);
            cx.unknown(at, &what, name, entry.operations.iter().map(String::as_str));
        }
        found
    }

    /// The only declared operation of a component, or a complaint.
    pub(super) fn only_operation(
        &self,
        cx: &mut Context<'_>,
        at: &At,
        component: ComponentId,
    ) -> Option<OperationId> {
        let entry = &self.components[component];
        if entry.declared == 1 {
            return Some(0);
        }
        let name = &entry.name;
        let (message, help) = if entry.declared == 0 {
            (
                format!("`{name}` has no operations to call"),
                "give it `operations:`, or a kind that has some".to_owned(),
            )
        } else {
            let declared = entry.operations.iter().take(entry.declared);
            let declared = declared.map(|operation| format!("{name}.{operation}")).collect();
            (
                format!("`{name}` has {} operations: say which", entry.declared),
                choices("write one of", &declared),
            )
        };
        cx.error(codes::WHICH_OPERATION, at, message, help);
        None
    }

    /// The operation with this name of a component, made free of cost if the file does not declare it.
    pub(super) fn free_operation(&mut self, component: ComponentId, name: &str) -> OperationId {
        self.components[component].operations.insert_full(name.to_owned()).0
    }

    /// The dataset with this name of a store, or a complaint.
    pub(super) fn dataset(
        &self,
        cx: &mut Context<'_>,
        at: &At,
        component: ComponentId,
        name: &str,
    ) -> Option<DatasetId> {
        let entry = &self.components[component];
        let Some(datasets) = &entry.datasets else {
            let message = format!("`{}` keeps no data", entry.name);
            cx.error(
                codes::NO_MECHANISM,
                at,
                message,
                "give it `store:` with `datasets:`, or call one of its operations",
            );
            return None;
        };
        let found = datasets.get_index_of(name);
        if found.is_none() {
            let what = format!("dataset of `{}` called", entry.name);
            cx.unknown(at, &what, name, datasets.iter().map(String::as_str));
        }
        found
    }
}

/// Most zones of one place.
const ZONES_MAX: u32 = 100;

fn zones(cx: &mut Context<'_>) -> IndexMap<String, u32> {
    let mut all = IndexMap::new();
    for (name, place) in &cx.input.topology.places {
        let at = At::topology("places").key(name).key("zones");
        if let Some(zones) = place.zones
            && let Some(zones) = cx.within(&at, "`zones`", zones, 1..=ZONES_MAX)
        {
            all.insert(name.clone(), zones);
        }
    }
    all
}

fn choices(ask: &str, names: &IndexSet<String>) -> String {
    format!("{ask} {}", listed(names.iter().map(String::as_str)))
}

/// Complains of names that messages, addresses and references could not tell apart.
pub(super) fn check_names<'n>(cx: &mut Context<'_>, at: &At, names: impl Iterator<Item = &'n String>) {
    for name in names {
        let fits = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || !name.chars().all(fits) {
            let message = format!("`{name}` cannot be a name");
            cx.error(codes::BAD_NAME, &at.key(name), message, "use letters, digits, `-` and `_`");
        }
    }
}
