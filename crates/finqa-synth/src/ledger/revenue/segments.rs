//! How companies are organised.

use super::{Draw, Industry, Word};

/// Segments of an industry; one of several ways to cut it.
pub(super) fn of(industry: Industry, draw: &mut Draw) -> &'static [Word] {
    match industry {
        Industry::Software => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Cloud Platforms", &["the cloud segment"], ""),
                    Word::new("Enterprise Applications", &["the applications segment"], ""),
                    Word::new("Professional Services", &["the services segment"], ""),
                ],
                &[
                    Word::new("Commercial", &["the commercial segment"], ""),
                    Word::new(
                        "Public Sector",
                        &["the government segment"],
                        "business with agencies",
                    ),
                ],
                &[
                    Word::new("Creative Products", &["the creative segment"], ""),
                    Word::new("Business Solutions", &["the business segment"], ""),
                    Word::new("Consumer Services", &["the consumer segment"], ""),
                    Word::new("Infrastructure", &["the infrastructure segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Semiconductors => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Compute Products", &["the compute segment"], ""),
                    Word::new("Connectivity Products", &["the connectivity segment"], ""),
                    Word::new("Power Products", &["the power segment"], ""),
                ],
                &[
                    Word::new("Devices", &["the devices segment"], ""),
                    Word::new("Equipment Services", &["the equipment segment"], ""),
                    Word::new(
                        "Licensing",
                        &["the licensing segment"],
                        "the segment that sells rights, not chips",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Industrial => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Aerospace Systems", &["the aerospace segment"], ""),
                    Word::new("Industrial Technologies", &["the industrial segment"], ""),
                    Word::new("Building Products", &["the building segment"], ""),
                    Word::new(
                        "Transportation Solutions",
                        &["the transportation segment"],
                        "",
                    ),
                ],
                &[
                    Word::new("Process Equipment", &["the process segment"], ""),
                    Word::new("Precision Components", &["the components segment"], ""),
                    Word::new("Test and Measurement", &["the measurement segment"], ""),
                ],
                &[
                    Word::new("Machines", &["the machines segment"], ""),
                    Word::new(
                        "Financial Services",
                        &["the financing segment"],
                        "the arm that lends to buyers",
                    ),
                    Word::new("Energy Systems", &["the energy segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::ConsumerGoods => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("North America Retail", &["the North American segment"], ""),
                    Word::new(
                        "International",
                        &["the international segment"],
                        "the segment abroad",
                    ),
                    Word::new("Foodservice", &["the foodservice segment"], ""),
                ],
                &[
                    Word::new("Beauty", &["the beauty segment"], ""),
                    Word::new("Family Care", &["the family segment"], ""),
                    Word::new("Household Products", &["the household segment"], ""),
                    Word::new("Health and Nutrition", &["the nutrition segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Retail => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Domestic Stores", &["the domestic segment"], ""),
                    Word::new(
                        "International Stores",
                        &["the international segment"],
                        "the shops abroad",
                    ),
                    Word::new("Membership Clubs", &["the club segment"], ""),
                ],
                &[
                    Word::new("Namebrand Stores", &["the main banner"], ""),
                    Word::new(
                        "Off-Price",
                        &["the off-price segment"],
                        "the bargain banner",
                    ),
                    Word::new("Digital Commerce", &["the online segment"], ""),
                    Word::new("Credit", &["the credit segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Pharma => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Prescription Medicines", &["the prescription segment"], ""),
                    Word::new(
                        "Consumer Health",
                        &["the consumer segment"],
                        "what is sold without a prescription",
                    ),
                    Word::new("Diagnostics", &["the diagnostics segment"], ""),
                ],
                &[
                    Word::new("Specialty Medicines", &["the specialty segment"], ""),
                    Word::new("Established Products", &["the established segment"], ""),
                    Word::new(
                        "Contract Manufacturing",
                        &["the contract segment"],
                        "work for other drug makers",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::ManagedCare => {
            const ONE: &[Word] = &[
                Word::new("Insurance", &["the insurance segment"], ""),
                Word::new("Health Services", &["the services segment"], ""),
                Word::new("Pharmacy", &["the pharmacy segment"], ""),
            ];
            ONE
        }
        Industry::Utility => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Electric Utility", &["the electric segment"], ""),
                    Word::new("Gas Utility", &["the gas segment"], ""),
                    Word::new("Contracted Renewables", &["the renewables segment"], ""),
                ],
                &[
                    Word::new("Regulated Operations", &["the regulated segment"], ""),
                    Word::new(
                        "Competitive Generation",
                        &["the merchant segment"],
                        "plants that sell at market prices",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Energy => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Upstream", &["exploration and production"], "the wells"),
                    Word::new("Midstream", &["pipelines and terminals"], ""),
                    Word::new(
                        "Downstream",
                        &["refining and marketing"],
                        "the refineries and stations",
                    ),
                    Word::new("Chemicals", &["the chemicals segment"], ""),
                ],
                &[
                    Word::new("Drilling Products", &["the drilling segment"], ""),
                    Word::new("Completion Services", &["the completion segment"], ""),
                    Word::new("Production Systems", &["the production segment"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Telecom => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("Mobility", &["the mobile segment"], ""),
                    Word::new("Business Wireline", &["the wireline segment"], ""),
                    Word::new("Consumer Broadband", &["the broadband segment"], ""),
                ],
                &[
                    Word::new("Connectivity", &["the connectivity segment"], ""),
                    Word::new(
                        "Media",
                        &["the media segment"],
                        "the segment with the studios",
                    ),
                    Word::new("Towers", &["the tower segment"], ""),
                ],
            ];
            WAYS
        }),
    }
}
