//! Grammar and evaluation in one pass, loosest binding first:
//!
//! ```text
//! comparison = sum { (< | <= | > | >= | == | !=) sum }     1 or 0; a chain holds if every pair holds
//! sum        = product { (+ | -) product }
//! product    = unary { (* | / | // | % | of) unary }
//! unary      = { + | - } power
//! power      = postfix [ (** | ^) unary ]                   to the right: 2 ** 3 ** 2 is 2 ** 9
//! postfix    = primary { % }                                where no operand follows
//! primary    = number | constant | ( comparison ) | name ( list )
//! ```

use super::lexer::{Kind, Token};
use super::number::Number;
use super::{MAX_DEPTH, functions, syntax_error};
use crate::error::ToolError;

/// Evaluates the tokens of `source`.
pub(super) fn evaluate(source: &str, tokens: &[Token]) -> Result<Number, ToolError> {
    let mut parser = Parser {
        source,
        tokens,
        position: 0,
        depth: 0,
    };
    let value = parser.comparison()?;
    match parser.peek() {
        None => Ok(value),
        Some(Kind::Comma) => Err(parser.error(
            "a comma groups thousands only as in 1,234 (three digits, no blanks); elsewhere leave it out",
        )),
        Some(Kind::Close | Kind::CloseList) => Err(parser.error("this closes nothing; remove it")),
        Some(_) => Err(parser.error("an operator is missing here, for example *")),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    position: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.position).map(|t| &t.kind)
    }

    fn error(&self, what: &str) -> ToolError {
        let at = self
            .tokens
            .get(self.position)
            .map_or(self.source.len(), |t| t.at);
        syntax_error(self.source, at, what)
    }

    fn expect(&mut self, kind: &Kind, what: &str) -> Result<(), ToolError> {
        if self.peek() == Some(kind) {
            self.position += 1;
            return Ok(());
        }
        Err(self.error(what))
    }

    fn comparison(&mut self) -> Result<Number, ToolError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(&format!(
                "this is nested deeper than {MAX_DEPTH}; split it into steps"
            )));
        }
        let mut left = self.sum()?;
        let mut holds: Option<bool> = None;
        while let Some(kind) = self.peek() {
            let test: fn(std::cmp::Ordering) -> bool = match kind {
                Kind::Less => std::cmp::Ordering::is_lt,
                Kind::LessEqual => std::cmp::Ordering::is_le,
                Kind::Greater => std::cmp::Ordering::is_gt,
                Kind::GreaterEqual => std::cmp::Ordering::is_ge,
                Kind::Equal => std::cmp::Ordering::is_eq,
                Kind::NotEqual => std::cmp::Ordering::is_ne,
                _ => break,
            };
            self.position += 1;
            let right = self.sum()?;
            holds = Some(holds.unwrap_or(true) && test(left.compare(&right)));
            left = right;
        }
        self.depth -= 1;
        Ok(holds.map_or(left, Number::truth))
    }

    fn sum(&mut self) -> Result<Number, ToolError> {
        let mut value = self.product()?;
        loop {
            let combine = match self.peek() {
                Some(Kind::Plus) => Number::add,
                Some(Kind::Minus) => Number::subtract,
                _ => return Ok(value),
            };
            self.position += 1;
            value = combine(&value, &self.product()?)?;
        }
    }

    fn product(&mut self) -> Result<Number, ToolError> {
        let mut value = self.unary()?;
        loop {
            let combine = match self.peek() {
                Some(Kind::Times) => Number::multiply,
                Some(Kind::Divide) => Number::divide,
                Some(Kind::FloorDivide) => Number::floor_divide,
                Some(Kind::Percent) => Number::modulo,
                Some(Kind::Name(name)) if &**name == "of" => Number::multiply,
                _ => return Ok(value),
            };
            self.position += 1;
            value = combine(&value, &self.unary()?)?;
        }
    }

    fn unary(&mut self) -> Result<Number, ToolError> {
        let mut negative = false;
        loop {
            match self.peek() {
                Some(Kind::Minus) => negative = !negative,
                Some(Kind::Plus) => {}
                _ => break,
            }
            self.position += 1;
        }
        let value = self.power()?;
        Ok(if negative { value.negate() } else { value })
    }

    fn power(&mut self) -> Result<Number, ToolError> {
        let base = self.postfix()?;
        if self.peek() != Some(&Kind::Power) {
            return Ok(base);
        }
        self.position += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(&format!(
                "this is nested deeper than {MAX_DEPTH}; split it into steps"
            )));
        }
        let exponent = self.unary()?;
        self.depth -= 1;
        base.power(&exponent)
    }

    fn postfix(&mut self) -> Result<Number, ToolError> {
        let mut value = self.primary()?;
        while self.peek() == Some(&Kind::Percent) && !self.operand_follows() {
            self.position += 1;
            value = value.divide(&Number::integer(100))?;
        }
        Ok(value)
    }

    /// Whether what stands after the current token begins an operand: then `%` is the modulo. A sign does not count,
    /// since `12% - 5%` is far more common than a negative modulus.
    fn operand_follows(&self) -> bool {
        match self.tokens.get(self.position + 1).map(|t| &t.kind) {
            Some(Kind::Number(_) | Kind::Open) => true,
            Some(Kind::Name(name)) => &**name != "of",
            _ => false,
        }
    }

    fn primary(&mut self) -> Result<Number, ToolError> {
        match self.peek() {
            Some(Kind::Number(number)) => {
                let number = number.clone();
                self.position += 1;
                Ok(number)
            }
            Some(Kind::Open) => {
                self.position += 1;
                let value = self.comparison()?;
                self.expect(
                    &Kind::Close,
                    "a closing parenthesis or an operator is missing here",
                )?;
                Ok(value)
            }
            Some(Kind::Name(name)) => {
                let name = name.clone();
                self.call_or_constant(&name)
            }
            Some(Kind::OpenList) => {
                Err(self.error("a list is read only inside a function, as in sum([1, 2])"))
            }
            Some(_) | None => Err(self.error("a number is missing here")),
        }
    }

    fn call_or_constant(&mut self, name: &str) -> Result<Number, ToolError> {
        let Some((least, most)) = functions::arity(name) else {
            let Some(value) = functions::constant(name) else {
                return Err(self.error(&format!(
                    "the name {:?} is unknown; there are {}, and values are written as numbers",
                    name.chars().take(30).collect::<String>(),
                    functions::NAMES
                )));
            };
            self.position += 1;
            return Ok(value);
        };
        let at = self.position;
        self.position += 1;
        if self.peek() != Some(&Kind::Open) {
            return Err(self.error(&format!(
                "the arguments of {name} go into parentheses, as in {name}(2)"
            )));
        }
        self.position += 1;
        let arguments = self.arguments()?;
        if arguments.len() < least || arguments.len() > most {
            self.position = at;
            let wanted = match (least, most) {
                (1, 1) => "1 argument".to_string(),
                (_, usize::MAX) => "at least 1 argument".to_string(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} or {most} arguments"),
            };
            return Err(self.error(&format!(
                "{name} takes {wanted} and got {}; write thousands without commas here",
                arguments.len()
            )));
        }
        functions::apply(name, &arguments)
    }

    /// Arguments up to and with the closing parenthesis; `[1, 2]` counts as the arguments it lists.
    fn arguments(&mut self) -> Result<Vec<Number>, ToolError> {
        let mut arguments = Vec::new();
        if self.peek() == Some(&Kind::Close) {
            self.position += 1;
            return Ok(arguments);
        }
        loop {
            if self.peek() == Some(&Kind::OpenList) {
                self.position += 1;
                loop {
                    arguments.push(self.comparison()?);
                    if self.peek() != Some(&Kind::Comma) {
                        break;
                    }
                    self.position += 1;
                }
                self.expect(&Kind::CloseList, "a closing ] is missing here")?;
            } else {
                arguments.push(self.comparison()?);
            }
            if self.peek() != Some(&Kind::Comma) {
                break;
            }
            self.position += 1;
        }
        self.expect(
            &Kind::Close,
            "a comma, an operator or a closing parenthesis is missing here",
        )?;
        Ok(arguments)
    }
}
