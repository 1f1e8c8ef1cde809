//! Single values of Arrow arrays as Python objects.

use finqa_datafusion::arrow::array::{Array, ArrayRef, AsArray as _};
use finqa_datafusion::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use finqa_datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// The value at `row`: what Python has for it, and text for what it has not (times, decimals, intervals).
pub(super) fn to_py<'py>(
    py: Python<'py>,
    array: &ArrayRef,
    row: usize,
) -> PyResult<Bound<'py, PyAny>> {
    macro_rules! number {
        ($type:ty) => {
            array
                .as_primitive::<$type>()
                .value(row)
                .into_pyobject(py)?
                .into_any()
        };
    }
    if array.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match array.data_type() {
        DataType::Null => py.None().into_bound(py),
        DataType::Boolean => {
            let value = array.as_boolean().value(row);
            value.into_pyobject(py)?.to_owned().into_any()
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Utf8 => array
            .as_string::<i32>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::LargeUtf8 => array
            .as_string::<i64>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::Utf8View => array
            .as_string_view()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::Binary => PyBytes::new(py, array.as_binary::<i32>().value(row)).into_any(),
        DataType::LargeBinary => PyBytes::new(py, array.as_binary::<i64>().value(row)).into_any(),
        DataType::BinaryView => PyBytes::new(py, array.as_binary_view().value(row)).into_any(),
        DataType::List(_) => list(py, &array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(py, &array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(py, &array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let dict = PyDict::new(py);
            let columns = array.as_struct().columns();
            for (field, column) in fields.iter().zip(columns) {
                dict.set_item(field.name(), to_py(py, column, row)?)?;
            }
            dict.into_any()
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys()[row];
            to_py(py, dictionary.values(), key)?
        }
        _ => {
            let broken = |e: finqa_datafusion::arrow::error::ArrowError| {
                PyRuntimeError::new_err(e.to_string())
            };
            let formatter =
                ArrayFormatter::try_new(array, &FormatOptions::default()).map_err(broken)?;
            let text = formatter.value(row).try_to_string().map_err(broken)?;
            text.into_pyobject(py)?.into_any()
        }
    })
}

fn list<'py>(py: Python<'py>, values: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    for row in 0..values.len() {
        list.append(to_py(py, values, row)?)?;
    }
    Ok(list.into_any())
}
