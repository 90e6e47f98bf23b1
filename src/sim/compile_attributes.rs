//! From the plan to flat tables: attributes, and the steps that use them.

use super::attributes::{AmountRule, ValueRule};
use super::compile::Compiler;
use super::firewall::WallRule;
use super::generate::GenerateRule;
use super::limits::index;
use super::tables::Ins;
use super::tokens::TokenRule;
use crate::plan::{Component, Condition, Generate, Step, Token, Workload};
use crate::rng;

impl Compiler<'_> {
    pub(super) fn attributes(&mut self) {
        self.t.attributes.count = self.plan.attributes.len();
        let plan = self.plan;
        self.t.attributes.defaults =
            plan.attributes.iter().map(|one| self.t.attributes.value(&one.value)).collect();
        let salt = |name: &str| rng::name_hash(&format!("attribute/{name}"));
        self.t.attributes.salts = self.plan.attributes.iter().map(|one| salt(&one.name)).collect();
    }

    /// How each attribute of a load's requests comes about.
    pub(super) fn attributes_of(&mut self, workload: &Workload) -> Vec<ValueRule> {
        let plan = self.plan;
        let own = |id: usize| workload.attributes.iter().find(|(other, _)| *other == id);
        let values = plan.attributes.iter().enumerate();
        values
            .map(|(id, one)| self.t.attributes.value(own(id).map_or(&one.value, |(_, value)| value)))
            .collect()
    }

    /// What a request of an operation takes from each of its component's limits.
    pub(super) fn costs(&mut self, component: &Component, operation: usize) -> Vec<AmountRule> {
        let mut costs = Vec::with_capacity(component.admission.len());
        for admission in &component.admission {
            let cost = admission.costs.get(operation);
            costs.push(cost.map_or(AmountRule::ONE, |amount| self.t.attributes.amount(amount)));
        }
        costs
    }

    /// A component's firewall.
    pub(super) fn walls(&mut self, component: &Component) -> std::ops::Range<u32> {
        let first = self.t.walls.len() as u32;
        for rule in &component.firewall {
            let when = rule.when.as_ref();
            let when = when.map(|when| (self.t.attributes.amount(&when.difference), when.comparison));
            self.t.walls.push(WallRule {
                salt: rng::name_hash(&format!("firewall/{}/{}", component.name, rule.name)),
                when,
                catches: rule.catches,
                false_positives: rule.false_positives,
                flood: rule.flood,
            });
        }
        first..self.t.walls.len() as u32
    }

    /// `check; steps that get one; issued; end`.
    pub(super) fn emit_token(&mut self, token: &Token, code: &mut Vec<Ins>) {
        let holder = (self.scope.clone(), token.entity);
        let known = self.holders.iter().position(|other| *other == holder);
        let holder = known.unwrap_or_else(|| {
            self.holders.push(holder);
            self.holders.len() - 1
        });
        self.t.token_holders = self.holders.len() as u32;
        let step = self.t.tokens.len() as u32;
        self.t.tokens.push(TokenRule {
            salt: rng::name_hash(&format!("token/{}", self.scope)),
            entity: token.entity as u32,
            renewed_at: token.lifetime.0 - token.early.0,
            renew: token.renew,
            aligned: token.aligned,
            age: index(token.age),
            holder: holder as u32,
            done: 0,
        });
        code.push(Ins::Token { step });
        self.emit(&token.refresh, code);
        code.push(Ins::TokenIssued { step });
        self.t.tokens[step as usize].done = code.len() as u32;
    }

    /// Steps that depend on attributes.
    pub(super) fn emit_by_attributes(&mut self, step: &Step, code: &mut Vec<Ins>) {
        match step {
            Step::If { condition, then, otherwise } => self.emit_if(condition, then, otherwise, code),
            Step::Set { salt, changes } => {
                let first = self.t.attributes.changes.len() as u32;
                for (attribute, value) in changes {
                    let value = self.t.attributes.value(value);
                    self.t.attributes.changes.push((*attribute as u32, value));
                }
                let salt = self.salt(salt);
                code.push(Ins::Set { first, count: changes.len() as u32, salt });
            }
            Step::Generate(step) => self.emit_generate(step, code),
            Step::Meter { meter, amount } => {
                let amount = self.t.attributes.amount(amount);
                self.t.attributes.amounts.push(amount);
                let amount = self.t.attributes.amounts.len() as u32 - 1;
                code.push(Ins::Meter { meter: *meter as u32, amount });
            }
            other => unreachable!("{other:?} is compiled elsewhere"),
        }
    }

    fn emit_if(&mut self, condition: &Condition, then: &[Step], otherwise: &[Step], code: &mut Vec<Ins>) {
        let difference = self.t.attributes.amount(&condition.difference);
        self.t.attributes.conditions.push((difference, condition.comparison));
        let condition = self.t.attributes.conditions.len() as u32 - 1;
        let at = code.len();
        code.push(Ins::If { condition, otherwise: 0 });
        self.emit(then, code);
        let jump = code.len();
        code.push(Ins::Jump { to: 0 });
        code[at] = Ins::If { condition, otherwise: code.len() as u32 };
        self.emit(otherwise, code);
        code[jump] = Ins::Jump { to: code.len() as u32 };
    }

    fn emit_generate(&mut self, step: &Generate, code: &mut Vec<Ins>) {
        let plan = self.plan;
        let component = plan.components.iter().find(|component| component.name == self.scope);
        let Some(model) = component.and_then(|component| component.model.as_ref()) else {
            unreachable!("only a model generates");
        };
        let salt = self.salt(&step.salt);
        let rule = GenerateRule {
            salt,
            prompt: self.t.attributes.value(&step.prompt),
            output: self.t.attributes.value(&step.output),
            output_max: step.output_max.as_ref().map(|amount| self.t.attributes.amount(amount)),
            window: model.window.unwrap_or(u64::MAX),
            prefill_per_ns: model.prefill_per_sec / 1e9,
            decode_per_ns: model.decode_per_sec / 1e9,
            malformed: model.malformed,
            wrong: model.wrong,
            input_meter: model.input_meter as u32,
            output_meter: model.output_meter as u32,
        };
        self.t.generates.push(rule);
        let step = self.t.generates.len() as u32 - 1;
        code.extend([Ins::Prefill { step }, Ins::Decode { step }, Ins::Generated { step }]);
    }
}
