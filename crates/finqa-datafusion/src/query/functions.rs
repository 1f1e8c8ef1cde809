//! What SQL gets beyond DataFusion's own: `pass_at_k` and `bootstrap_interval`; and what it does not get.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, Float64Array, Int64Array, ListArray, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use finqa_core::statistics::{Bootstrap, bootstrap_mean, pass_at_k};

/// Functions that make much out of little: a few characters of SQL would fill the memory, past the pool that counts it.
///
/// Of `array_to_string`, `array_replace_all` and `array_transform` the size is a product, as that of `replace` is: one
/// text for each element, of which `string_to_array` makes one a character. `arrow_cast` and `arrow_try_cast` name types
/// whose values have a size of the query's choice; what SQL itself can name of these `checks` refuses.
pub(super) const LEFT_OUT: [&str; 19] = [
    "array_repeat",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "array_to_string",
    "array_transform",
    "arrow_cast",
    "arrow_try_cast",
    "gen_series",
    "generate_series",
    "list_repeat",
    "list_resize",
    "lpad",
    "range",
    "regexp_replace",
    "repeat",
    "replace",
    "rpad",
    "string_to_array",
];

/// `pass_at_k(num_episodes, num_correct, k)`.
pub(super) fn pass_at_k_function() -> ScalarUDF {
    let count = vec![DataType::Int64; 3];
    ScalarUDF::new_from_impl(PassAtK {
        signature: Signature::exact(count, Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PassAtK {
    signature: Signature,
}

impl ScalarUDFImpl for PassAtK {
    fn name(&self) -> &'static str {
        "pass_at_k"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [n, c, k] = [0, 1, 2].map(|i| arrays[i].as_primitive::<Int64Type>());
        let estimates: Float64Array = n
            .iter()
            .zip(c.iter())
            .zip(k.iter())
            .map(|((n, c), k)| {
                let [n, c, k] = [n?, c?, k?].map(u32::try_from);
                pass_at_k(n.ok()?, c.ok()?, k.ok()?)
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(estimates)))
    }
}

/// `bootstrap_interval(value [, cluster])`: a struct of `mean`, `low`, `high` and `num_clusters`.
pub(super) fn bootstrap_interval_function() -> AggregateUDF {
    AggregateUDF::new_from_impl(BootstrapInterval {
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BootstrapInterval {
    signature: Signature,
}

fn interval_fields() -> Fields {
    Fields::from(vec![
        Field::new("mean", DataType::Float64, true),
        Field::new("low", DataType::Float64, true),
        Field::new("high", DataType::Float64, true),
        Field::new("num_clusters", DataType::Int64, true),
    ])
}

fn list_of(values: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(values, true)))
}

impl AggregateUDFImpl for BootstrapInterval {
    fn name(&self) -> &'static str {
        "bootstrap_interval"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given.len() {
            1 => Ok(vec![DataType::Float64]),
            2 => Ok(vec![DataType::Float64, DataType::Utf8]),
            n => {
                plan_err!("bootstrap_interval takes (value) or (value, cluster), not {n} arguments")
            }
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(interval_fields()))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |name: &str, of| {
            Arc::new(Field::new(
                format_state_name(args.name, name),
                list_of(of),
                true,
            ))
        };
        Ok(vec![
            field("values", DataType::Float64),
            field("clusters", DataType::Int64),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Collected {
            values: Vec::new(),
            clusters: (args.exprs.len() == 2).then(Vec::new),
        }))
    }
}

/// The values of one group, each with the fingerprint of its cluster.
#[derive(Debug)]
struct Collected {
    values: Vec<f64>,
    clusters: Option<Vec<i64>>,
}

impl Accumulator for Collected {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let values = arguments[0].as_primitive::<Float64Type>();
        let Some(clusters) = &mut self.clusters else {
            self.values.extend(values.iter().flatten());
            return Ok(());
        };
        let names = arguments[1].as_string::<i32>();
        for (value, name) in values.iter().zip(names) {
            if let (Some(value), Some(name)) = (value, name) {
                self.values.push(value);
                clusters.push(fingerprint(name));
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.values
                .extend_from_slice(values.as_primitive::<Float64Type>().values());
        }
        if let Some(clusters) = &mut self.clusters {
            for part in states[1].as_list::<i32>().iter().flatten() {
                clusters.extend_from_slice(part.as_primitive::<Int64Type>().values());
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = Float64Array::from(std::mem::take(&mut self.values));
        let clusters = self
            .clusters
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        Ok(vec![
            one_list(DataType::Float64, Arc::new(values)),
            one_list(DataType::Int64, Arc::new(Int64Array::from(clusters))),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let row = if self.values.is_empty() {
            None
        } else {
            let clusters = self.clusters.as_deref();
            let made = bootstrap_mean(&self.values, clusters, &Bootstrap::default());
            Some(made.map_err(|e| exec_datafusion_err!("bootstrap_interval: {e}"))?)
        };
        let number = |value: Option<f64>| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
        let count = row.map(|r| r.num_clusters as i64);
        let columns: Vec<ArrayRef> = vec![
            number(row.map(|r| r.mean)),
            number(row.and_then(|r| r.low)),
            number(row.and_then(|r| r.high)),
            Arc::new(Int64Array::from(vec![count])),
        ];
        let row = StructArray::try_new(interval_fields(), columns, None)?;
        Ok(ScalarValue::Struct(Arc::new(row)))
    }

    fn size(&self) -> usize {
        let clusters = self.clusters.as_ref().map_or(0, Vec::capacity);
        size_of::<Self>() + self.values.capacity() * size_of::<f64>() + clusters * size_of::<i64>()
    }
}

fn one_list(of: DataType, values: ArrayRef) -> ScalarValue {
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    let field = Arc::new(Field::new_list_field(of, true));
    ScalarValue::List(Arc::new(ListArray::new(field, offsets, values, None)))
}

/// FNV-1a of a name: equal names fall together on every machine.
fn fingerprint(name: &str) -> i64 {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    hash.cast_signed()
}
