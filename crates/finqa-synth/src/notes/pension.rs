//! Retirement plans.

use super::Kind;
use super::parts::{Parts, balance_years, flow_years, ladder, single};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{ByYear, Ledger, Pension, Plan};
use crate::note::{Column, Label, Note, Period, Quantity};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfNetBenefitCosts",
        presence_pct: |_| 90,
        make: cost,
    },
    Kind {
        stem: "ScheduleOfExpectedBenefitPayments",
        presence_pct: |_| 48,
        make: payments,
    },
    Kind {
        stem: "ScheduleOfChangesInProjectedBenefitObligations",
        presence_pct: |_| 72,
        make: obligation,
    },
    Kind {
        stem: "ScheduleOfChangesInFairValueOfPlanAssets",
        presence_pct: |_| 68,
        make: assets,
    },
    Kind {
        stem: "ScheduleOfNetFundedStatus",
        presence_pct: |_| 48,
        make: funded,
    },
    Kind {
        stem: "ScheduleOfAssumptionsUsed",
        presence_pct: |_| 36,
        make: assumptions,
    },
    Kind {
        stem: "ScheduleOfAllocationOfPlanAssets",
        presence_pct: |_| 48,
        make: allocation,
    },
];

/// A table with `n` periods for each group of plans: the groups side by side where there are two.
struct Sheet<'a> {
    plans: Vec<&'a Plan>,
    n: usize,
}

impl<'a> Sheet<'a> {
    fn new(pension: &'a Pension, n: usize, with_other: bool) -> Self {
        let all = pension.plans().take(if with_other { 2 } else { 1 });
        Self {
            plans: all.collect(),
            n,
        }
    }

    fn columns(&self, period: impl Fn(i32) -> Period) -> Vec<Column> {
        const WORDS: [&str; 2] = ["pension benefits", "other postretirement benefits"];
        (0..self.plans.len())
            .flat_map(|p| (0..self.n as i32).map(move |y| (p, y)))
            .map(|(p, y)| {
                if self.plans.len() == 1 {
                    Column::of(period(y))
                } else {
                    Column::named(period(y), WORDS[p])
                }
            })
            .collect()
    }

    fn values(&self, of: impl Fn(&Plan) -> ByYear) -> Vec<i64> {
        self.plans
            .iter()
            .flat_map(|plan| of(plan)[..self.n].to_vec())
            .collect()
    }

    /// Appends a row, unless it is zero throughout.
    fn add(&self, note: &mut Note, parts: &mut Parts, label: Label, of: impl Fn(&Plan) -> ByYear) {
        parts.add(note, label, &self.values(of));
    }
}

fn negative(values: &ByYear) -> ByYear {
    values.map(|v| -v)
}

fn cost(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfNetBenefitCosts",
        "net periodic benefit cost",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    let both = draw.chance(70);
    let n = flow_years(draw).min(3);
    let sheet = Sheet::new(pension, n, both);
    note.columns = sheet.columns(|y| Period::Year(latest - y));
    let mut parts = Parts::default();
    let service = Label::new(draw.pick(&[
        "service cost",
        "service cost",
        "service cost of benefits earned",
    ]))
    .also(&["cost of benefits earned in the year"])
    .concept("what employees' work of the year added to retirement promises");
    sheet.add(&mut note, &mut parts, service, |p| p.service);
    let interest = Label::new(draw.pick(&["interest cost", "interest cost on benefit obligation"]))
        .also(&["interest on the benefit obligation"])
        .concept("the interest burden of retiree plans");
    sheet.add(&mut note, &mut parts, interest, |p| p.interest);
    let expected = Label::new("expected return on plan assets")
        .also(&["assumed earnings of the plan assets"])
        .concept("what retirement funds were counted on to earn");
    sheet.add(&mut note, &mut parts, expected, |p| p.expected_return);
    let loss = Label::new(draw.pick(&[
        "amortization of net actuarial loss",
        "recognized net actuarial loss",
        "amortization of actuarial losses",
    ]))
    .also(&["actuarial losses written off over time"])
    .concept("earlier misses of the actuaries now charged to income");
    sheet.add(&mut note, &mut parts, loss, |p| p.loss_amortised);
    let prior = Label::new(draw.pick(&[
        "amortization of prior service cost (credit)",
        "amortization of prior service credit",
    ]))
    .also(&["effect of earlier plan changes"])
    .concept("the yearly echo of past plan amendments");
    sheet.add(&mut note, &mut parts, prior, |p| p.prior_service);
    let settled = Label::new(draw.pick(&["settlement charge", "settlement and curtailment loss"]))
        .also(&["loss on settlements"])
        .concept("the charge for handing retirees over to an insurer");
    sheet.add(&mut note, &mut parts, settled, |p| p.settlement_loss);
    let total = Label::new(draw.pick(&[
        "net periodic benefit cost",
        "net periodic benefit cost (income)",
        "net benefit cost",
    ]))
    .also(&["cost of retirement plans for the year"])
    .concept("what retirement plans took from profit");
    parts.total(&mut note, total);
    note
}

fn payments(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfExpectedBenefitPayments",
        "expected benefit payments",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    note.label_header = Some("year");
    let plans: Vec<&Plan> = pension.plans().collect();
    let words: &[&'static str] = if plans.len() == 1 {
        &["expected payments"]
    } else {
        &["pension benefits", "other postretirement benefits"]
    };
    note.columns = words
        .iter()
        .map(|w| Column::named(Period::Of(latest), w))
        .collect();
    let later = if draw.chance(70) {
        format!("{} to {}", latest + 6, latest + 10)
    } else {
        "next five years".to_owned()
    };
    let values: Vec<[i64; 6]> = plans.iter().map(|p| p.payments).collect();
    let parts = ladder(&mut note, latest, &later, &values);
    if draw.chance(40) {
        let label = Label::new(draw.pick(&["total", "total expected payments"]))
            .also(&["payments over ten years"])
            .concept("a decade of checks to retirees");
        parts.total(&mut note, label);
    }
    note
}

fn obligation(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfChangesInProjectedBenefitObligations",
        "change in benefit obligation",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    let sheet = Sheet::new(pension, balance_years(draw), draw.chance(65));
    note.columns = sheet.columns(|y| Period::Year(latest - y));
    let mut parts = Parts::default();
    let opening = draw.pick(&[
        "benefit obligation at beginning of year",
        "benefit obligation, beginning of year",
    ]);
    let opening = Label::new(opening).also(&["opening benefit obligation"]);
    parts.open(&mut note, opening, &sheet.values(|p| p.obligation_opening));
    let service = Label::new("service cost").also(&["cost of benefits earned in the year"]);
    sheet.add(&mut note, &mut parts, service, |p| p.service);
    let interest = Label::new("interest cost").also(&["interest on the obligation"]);
    sheet.add(&mut note, &mut parts, interest, |p| p.interest);
    let participants = Label::new(draw.pick(&[
        "plan participants' contributions",
        "participant contributions",
    ]))
    .also(&["paid in by participants"]);
    sheet.add(&mut note, &mut parts, participants, |p| p.participants);
    let amendments = Label::new("plan amendments").also(&["effect of changed plan terms"]);
    sheet.add(&mut note, &mut parts, amendments, |p| p.amendments);
    let actuarial = Label::new(draw.pick(&[
        "actuarial (gain) loss",
        "actuarial loss (gain)",
        "net actuarial loss (gain)",
    ]))
    .also(&["change from actuarial assumptions"])
    .concept("how far new assumptions moved retirement promises");
    sheet.add(&mut note, &mut parts, actuarial, |p| p.actuarial);
    let paid = Label::new("benefits paid").also(&["payments to retirees"]);
    sheet.add(&mut note, &mut parts, paid, |p| p.paid);
    let settled = Label::new("settlements").also(&["obligations settled"]);
    sheet.add(&mut note, &mut parts, settled, |p| p.settled);
    let currency =
        Label::new(draw.pick(&["foreign currency translation", "exchange rate changes"]))
            .also(&["currency effect"]);
    sheet.add(&mut note, &mut parts, currency, |p| p.currency);
    let closing = draw.pick(&[
        "benefit obligation at end of year",
        "benefit obligation, end of year",
    ]);
    let closing = Label::new(closing)
        .also(&["closing benefit obligation"])
        .concept("the size of the promises made to retirees");
    parts.close(&mut note, closing);
    note
}

fn assets(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfChangesInFairValueOfPlanAssets",
        "change in plan assets",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    let both = pension.other.as_ref().is_some_and(|o| o.assets[0] > 0);
    let sheet = Sheet::new(pension, balance_years(draw), both);
    note.columns = sheet.columns(|y| Period::Year(latest - y));
    let mut parts = Parts::default();
    let opening = Label::new(draw.pick(&[
        "fair value of plan assets at beginning of year",
        "plan assets, beginning of year",
    ]))
    .also(&["opening plan assets"]);
    parts.open(&mut note, opening, &sheet.values(|p| p.assets_opening));
    let earned = Label::new(draw.pick(&[
        "actual return on plan assets",
        "actual return (loss) on plan assets",
    ]))
    .also(&["what the plan assets earned"])
    .concept("how retirement funds really did in the markets");
    sheet.add(&mut note, &mut parts, earned, |p| p.actual_return);
    let employer = Label::new(draw.pick(&["employer contributions", "company contributions"]))
        .also(&["paid in by the company"])
        .concept("cash the company put into its retirement funds");
    sheet.add(&mut note, &mut parts, employer, |p| p.employer);
    let participants = Label::new(draw.pick(&[
        "plan participants' contributions",
        "participant contributions",
    ]))
    .also(&["paid in by participants"]);
    sheet.add(&mut note, &mut parts, participants, |p| p.participants);
    let paid = Label::new("benefits paid").also(&["payments to retirees"]);
    sheet.add(&mut note, &mut parts, paid, |p| p.paid);
    let settled = Label::new("settlements").also(&["assets used to settle obligations"]);
    sheet.add(&mut note, &mut parts, settled, |p| p.settled);
    let currency =
        Label::new(draw.pick(&["foreign currency translation", "exchange rate changes"]))
            .also(&["currency effect"]);
    sheet.add(&mut note, &mut parts, currency, |p| p.assets_currency);
    let closing = Label::new(draw.pick(&[
        "fair value of plan assets at end of year",
        "plan assets, end of year",
    ]))
    .also(&["closing plan assets"])
    .concept("the money set aside for retirees");
    parts.close(&mut note, closing);
    note
}

fn funded(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfNetFundedStatus",
        "funded status of retirement plans",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    let sheet = Sheet::new(pension, balance_years(draw), draw.chance(60));
    note.columns = sheet.columns(|y| Period::YearEnd(latest - y));
    let mut parts = Parts::default();
    let assets = Label::new("fair value of plan assets").also(&["money set aside in the plans"]);
    sheet.add(&mut note, &mut parts, assets, |p| p.assets);
    let obligation = Label::new(draw.pick(&["projected benefit obligation", "benefit obligation"]))
        .also(&["promises to retirees"]);
    sheet.add(&mut note, &mut parts, obligation, |p| {
        negative(&p.obligation)
    });
    let label = Label::new(draw.pick(&[
        "funded status",
        "net funded status",
        "overfunded (underfunded) status",
    ]))
    .also(&["assets less obligation"])
    .concept("how far retirement promises are covered");
    parts.total(&mut note, label);
    if draw.chance(75) {
        note.section("amounts recognized in the balance sheet");
        let mut parts = Parts::default();
        let asset = Label::new(draw.pick(&["non-current assets", "prepaid benefit cost"]));
        sheet.add(&mut note, &mut parts, asset, |p| p.recognised(0));
        let current = Label::new(draw.pick(&["current liabilities", "accrued liabilities"]));
        sheet.add(&mut note, &mut parts, current, |p| p.recognised(1));
        let later =
            Label::new(draw.pick(&["non-current liabilities", "long-term benefit liabilities"]));
        sheet.add(&mut note, &mut parts, later, |p| p.recognised(2));
        if parts.len() > 1 {
            let label = Label::new("net amount recognized")
                .also(&["asset or liability shown for the plans"]);
            parts.total(&mut note, label);
        }
    }
    note
}

fn assumptions(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfAssumptionsUsed",
        "assumptions for benefit plans in percent",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    let sheet = Sheet::new(pension, flow_years(draw).min(3), draw.chance(55));
    note.columns = sheet.columns(|y| Period::Year(latest - y));
    let discount = Label::new("discount rate")
        .also(&["rate at which promises are discounted"])
        .concept("the interest rate behind retirement promises");
    let values = sheet.values(|p| p.discount_rate);
    single(&mut note, discount, Quantity::FineRate, &values);
    if pension.other.is_none() || sheet.plans.len() == 1 {
        let expected = Label::new(draw.pick(&[
            "expected return on plan assets",
            "expected long-term rate of return on plan assets",
        ]))
        .also(&["assumed yield of the funds"]);
        let values = sheet.values(|p| p.return_rate);
        single(&mut note, expected, Quantity::FineRate, &values);
    }
    let growth = Label::new("rate of compensation increase").also(&["assumed pay growth"]);
    let values = sheet.values(|p| p.growth_rate);
    single(&mut note, growth, Quantity::FineRate, &values);
    note
}

fn allocation(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let n = balance_years(draw);
    let mut note = Note::new(
        "ScheduleOfAllocationOfPlanAssets",
        "plan assets by class",
        Vec::new(),
    );
    let Some(pension) = &ledger.pension else {
        return note;
    };
    note.columns = crate::note::year_end_columns(latest, n);
    let mut parts = Parts::default();
    for (label, values) in &pension.pension.classes {
        parts.add(&mut note, *label, &values[..n]);
    }
    let total = Label::new(draw.pick(&["total plan assets", "total", "fair value of plan assets"]))
        .also(&["all plan assets"]);
    parts.total(&mut note, total);
    note
}
