//! Rust values as Arrow arrays and back: one trait for the columns of an episode, the members of its structs and the
//! items of its lists.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, PrimitiveArray, StructArray};
use arrow_schema::{DataType, Field, Fields};

/// A value of a column.
pub(super) trait Cell: Sized {
    /// Whether a column of it may hold nulls.
    const NULLABLE: bool = false;

    fn data_type() -> DataType;

    /// A column of `cells`.
    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef
    where
        Self: 'a;

    /// The values of a column; the error says what it holds instead.
    fn read(array: &dyn Array) -> Result<Vec<Self>, String>;
}

/// A struct whose members are columns.
pub(super) trait Row: Sized + Default {
    fn fields() -> Vec<Field>;

    /// One array a field.
    fn arrays<'a>(rows: impl Iterator<Item = &'a Self> + Clone) -> Vec<ArrayRef>
    where
        Self: 'a;

    /// Sets the members of `rows` to the values of the columns that `column` finds. Those that it does not find keep
    /// their defaults: the file is older.
    fn read<'c>(
        rows: &mut [Self],
        column: impl Fn(&str) -> Option<&'c dyn Array>,
    ) -> Result<(), String>;
}

/// The column of a member.
pub(super) fn field_of<R, C: Cell>(name: &str, _: fn(&R) -> &C) -> Field {
    Field::new(name, C::data_type(), C::NULLABLE)
}

/// The values of a member as an array.
pub(super) fn array_of<'a, R: 'a, C: Cell + 'a>(
    rows: impl Iterator<Item = &'a R> + Clone,
    member: fn(&R) -> &C,
) -> ArrayRef {
    C::array(rows.map(member))
}

/// Sets a member of `rows` to the values of `array`.
pub(super) fn read_into<R, C: Cell>(
    rows: &mut [R],
    name: &str,
    array: Option<&dyn Array>,
    member: fn(&mut R) -> &mut C,
) -> Result<(), String> {
    let Some(array) = array else {
        return Ok(());
    };
    let cells = C::read(array).map_err(|reason| format!("column {name:?} {reason}"))?;
    for (row, cell) in rows.iter_mut().zip(cells) {
        *member(row) = cell;
    }
    Ok(())
}

/// Implements [`Row`] for a struct by the names of its fields, which are those of its columns.
macro_rules! row {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl Row for $type {
            fn fields() -> Vec<arrow_schema::Field> {
                vec![$(field_of::<$type, _>(stringify!($field), |row| &row.$field)),*]
            }

            fn arrays<'a>(rows: impl Iterator<Item = &'a Self> + Clone) -> Vec<arrow_array::ArrayRef> {
                vec![$(array_of::<$type, _>(rows.clone(), |row| &row.$field)),*]
            }

            fn read<'c>(
                rows: &mut [Self],
                column: impl Fn(&str) -> Option<&'c dyn arrow_array::Array>,
            ) -> Result<(), String> {
                $(read_into(rows, stringify!($field), column(stringify!($field)), |row| &mut row.$field)?;)*
                Ok(())
            }
        }
    };
}
pub(super) use row;

fn wrong(array: &dyn Array, wanted: &DataType) -> String {
    format!("holds {}, not {wanted}", array.data_type())
}

fn without_nulls<T>(values: Vec<Option<T>>) -> Result<Vec<T>, String> {
    values
        .into_iter()
        .map(|value| value.ok_or_else(|| "holds nulls".to_owned()))
        .collect()
}

macro_rules! number_cells {
    ($($native:ty => $arrow:ty),*) => {$(
        impl Cell for Option<$native> {
            const NULLABLE: bool = true;

            fn data_type() -> DataType {
                <$arrow as ArrowPrimitiveType>::DATA_TYPE
            }

            fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
                Arc::new(cells.copied().collect::<PrimitiveArray<$arrow>>())
            }

            fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
                let numbers = array
                    .as_primitive_opt::<$arrow>()
                    .ok_or_else(|| wrong(array, &Self::data_type()))?;
                Ok(numbers.iter().collect())
            }
        }

        impl Cell for $native {
            fn data_type() -> DataType {
                <$arrow as ArrowPrimitiveType>::DATA_TYPE
            }

            fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
                Arc::new(PrimitiveArray::<$arrow>::from_iter_values(cells.copied()))
            }

            fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
                without_nulls(Option::<$native>::read(array)?)
            }
        }
    )*};
}
number_cells!(
    i8 => Int8Type, i16 => Int16Type, i32 => Int32Type, i64 => Int64Type, f32 => Float32Type, f64 => Float64Type
);

impl Cell for Option<bool> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
        Arc::new(cells.copied().collect::<BooleanArray>())
    }

    fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
        let flags = array
            .as_boolean_opt()
            .ok_or_else(|| wrong(array, &DataType::Boolean))?;
        Ok(flags.iter().collect())
    }
}

impl Cell for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
        Arc::new(cells.copied().map(Some).collect::<BooleanArray>())
    }

    fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
        without_nulls(Option::<bool>::read(array)?)
    }
}

fn texts<'a>(cells: impl Iterator<Item = Option<&'a str>> + Clone) -> ArrayRef {
    let (count, bytes) = cells.clone().fold((0, 0), |(count, bytes), text| {
        (count + 1, bytes + text.map_or(0, str::len))
    });
    let mut builder = StringBuilder::with_capacity(count, bytes);
    for text in cells {
        builder.append_option(text);
    }
    Arc::new(builder.finish())
}

impl Cell for Option<String> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
        texts(cells.map(Option::as_deref))
    }

    fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
        let texts = array
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong(array, &DataType::Utf8))?;
        Ok(texts.iter().map(|text| text.map(str::to_owned)).collect())
    }
}

impl Cell for String {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
        texts(cells.map(|text| Some(text.as_str())))
    }

    fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
        without_nulls(Option::<String>::read(array)?)
    }
}

/// What stands in a list: a text, or a struct.
pub(super) trait Item: Sized {
    fn data_type() -> DataType;
    fn items<'a>(items: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef
    where
        Self: 'a;
    fn read_items(array: &dyn Array) -> Result<Vec<Self>, String>;
}

impl Item for String {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn items<'a>(items: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef {
        <Self as Cell>::array(items)
    }

    fn read_items(array: &dyn Array) -> Result<Vec<Self>, String> {
        <Self as Cell>::read(array)
    }
}

impl<R: Row> Item for R {
    fn data_type() -> DataType {
        DataType::Struct(Fields::from(R::fields()))
    }

    fn items<'a>(items: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef
    where
        Self: 'a,
    {
        // Every list of structs has members, so the arrays tell the length.
        let fields = Fields::from(R::fields());
        Arc::new(StructArray::new(fields, R::arrays(items), None))
    }

    fn read_items(array: &dyn Array) -> Result<Vec<Self>, String> {
        let structs = array
            .as_struct_opt()
            .ok_or_else(|| wrong(array, &<Self as Item>::data_type()))?;
        let mut rows = Vec::new();
        rows.resize_with(structs.len(), R::default);
        R::read(&mut rows, |name| {
            structs.column_by_name(name).map(|column| &**column)
        })?;
        Ok(rows)
    }
}

fn item_field<T: Item>() -> Arc<Field> {
    Arc::new(Field::new("item", T::data_type(), true))
}

impl<T: Item> Cell for Vec<T> {
    fn data_type() -> DataType {
        DataType::List(item_field::<T>())
    }

    fn array<'a>(cells: impl Iterator<Item = &'a Self> + Clone) -> ArrayRef
    where
        Self: 'a,
    {
        let lengths = cells.clone().map(Vec::len);
        let offsets = arrow_buffer::OffsetBuffer::from_lengths(lengths);
        let items = T::items(cells.flatten());
        Arc::new(ListArray::new(item_field::<T>(), offsets, items, None))
    }

    fn read(array: &dyn Array) -> Result<Vec<Self>, String> {
        let lists = array
            .as_list_opt::<i32>()
            .ok_or_else(|| wrong(array, &Self::data_type()))?;
        let offsets = lists.value_offsets();
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
            return Ok(Vec::new());
        };
        let items = lists
            .values()
            .slice(first as usize, (last - first) as usize);
        let mut items = T::read_items(&*items)?.into_iter();
        Ok(offsets
            .windows(2)
            .map(|pair| items.by_ref().take((pair[1] - pair[0]) as usize).collect())
            .collect())
    }
}
