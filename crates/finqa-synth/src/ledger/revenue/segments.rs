//! How companies are organised.

use super::{Draw, Industry, Term, term};

/// Segments of an industry; one of several ways to cut it.
pub(super) fn of(industry: Industry, draw: &mut Draw) -> &'static [Term] {
    match industry {
        Industry::Software => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Cloud Platforms", &["the cloud segment"], ""),
                    term("Enterprise Applications", &["the applications segment"], ""),
                    term("Professional Services", &["the services segment"], ""),
                ],
                &[
                    term("Commercial", &["the commercial segment"], ""),
                    term(
                        "Public Sector",
                        &["the government segment"],
                        "business with agencies",
                    ),
                ],
                &[
                    term("Creative Products", &["the creative segment"], ""),
                    term("Business Solutions", &["the business segment"], ""),
                    term("Consumer Services", &["the consumer segment"], ""),
                    term("Infrastructure", &["the infrastructure segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Semiconductors => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Compute Products", &["the compute segment"], ""),
                    term("Connectivity Products", &["the connectivity segment"], ""),
                    term("Power Products", &["the power segment"], ""),
                ],
                &[
                    term("Devices", &["the devices segment"], ""),
                    term("Equipment Services", &["the equipment segment"], ""),
                    term(
                        "Licensing",
                        &["the licensing segment"],
                        "the segment that sells rights, not chips",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Industrial => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Aerospace Systems", &["the aerospace segment"], ""),
                    term("Industrial Technologies", &["the industrial segment"], ""),
                    term("Building Products", &["the building segment"], ""),
                    term(
                        "Transportation Solutions",
                        &["the transportation segment"],
                        "",
                    ),
                ],
                &[
                    term("Process Equipment", &["the process segment"], ""),
                    term("Precision Components", &["the components segment"], ""),
                    term("Test and Measurement", &["the measurement segment"], ""),
                ],
                &[
                    term("Machines", &["the machines segment"], ""),
                    term(
                        "Financial Services",
                        &["the financing segment"],
                        "the arm that lends to buyers",
                    ),
                    term("Energy Systems", &["the energy segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::ConsumerGoods => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("North America Retail", &["the North American segment"], ""),
                    term(
                        "International",
                        &["the international segment"],
                        "the segment abroad",
                    ),
                    term("Foodservice", &["the foodservice segment"], ""),
                ],
                &[
                    term("Beauty", &["the beauty segment"], ""),
                    term("Family Care", &["the family segment"], ""),
                    term("Household Products", &["the household segment"], ""),
                    term("Health and Nutrition", &["the nutrition segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Retail => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Domestic Stores", &["the domestic segment"], ""),
                    term(
                        "International Stores",
                        &["the international segment"],
                        "the shops abroad",
                    ),
                    term("Membership Clubs", &["the club segment"], ""),
                ],
                &[
                    term("Namebrand Stores", &["the main banner"], ""),
                    term(
                        "Off-Price",
                        &["the off-price segment"],
                        "the bargain banner",
                    ),
                    term("Digital Commerce", &["the online segment"], ""),
                    term("Credit", &["the credit segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Pharma => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Prescription Medicines", &["the prescription segment"], ""),
                    term(
                        "Consumer Health",
                        &["the consumer segment"],
                        "what is sold without a prescription",
                    ),
                    term("Diagnostics", &["the diagnostics segment"], ""),
                ],
                &[
                    term("Specialty Medicines", &["the specialty segment"], ""),
                    term("Established Products", &["the established segment"], ""),
                    term(
                        "Contract Manufacturing",
                        &["the contract segment"],
                        "work for other drug makers",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::ManagedCare => {
            const ONE: &[Term] = &[
                term("Insurance", &["the insurance segment"], ""),
                term("Health Services", &["the services segment"], ""),
                term("Pharmacy", &["the pharmacy segment"], ""),
            ];
            ONE
        }
        Industry::Utility => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Electric Utility", &["the electric segment"], ""),
                    term("Gas Utility", &["the gas segment"], ""),
                    term("Contracted Renewables", &["the renewables segment"], ""),
                ],
                &[
                    term("Regulated Operations", &["the regulated segment"], ""),
                    term(
                        "Competitive Generation",
                        &["the merchant segment"],
                        "plants that sell at market prices",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Energy => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Upstream", &["exploration and production"], "the wells"),
                    term("Midstream", &["pipelines and terminals"], ""),
                    term(
                        "Downstream",
                        &["refining and marketing"],
                        "the refineries and stations",
                    ),
                    term("Chemicals", &["the chemicals segment"], ""),
                ],
                &[
                    term("Drilling Products", &["the drilling segment"], ""),
                    term("Completion Services", &["the completion segment"], ""),
                    term("Production Systems", &["the production segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Telecom => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("Mobility", &["the mobile segment"], ""),
                    term("Business Wireline", &["the wireline segment"], ""),
                    term("Consumer Broadband", &["the broadband segment"], ""),
                ],
                &[
                    term("Connectivity", &["the connectivity segment"], ""),
                    term(
                        "Media",
                        &["the media segment"],
                        "the segment with the studios",
                    ),
                    term("Towers", &["the tower segment"], ""),
                ],
            ];
            WAYS
        }),
    }
}
