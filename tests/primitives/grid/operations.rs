//! The operations: primitives with their own attributes and odd ones, methods with odd arguments.

use super::cases::HUGE;
use autodiff::primitive::Accepts;
use autodiff::{Attribute, Attributes, Conv, Pooling, PrimitiveRef, Registry, Shape, Var};

/// Lists of axes or lengths, most of them odd.
pub fn lists() -> Vec<Vec<usize>> {
    vec![
        vec![],
        vec![0],
        vec![1],
        vec![6],
        vec![0, 1],
        vec![1, 0],
        vec![0, 0],
        vec![2, 3],
        vec![2, 0, 1],
        vec![3, 1, 2],
        vec![3, 2, 1, 0],
        vec![1; 70],
        vec![usize::MAX],
        vec![0, usize::MAX],
        vec![usize::MAX, 0, usize::MAX],
        vec![3, 1 << 62, 0],
        vec![usize::MAX, usize::MAX],
        vec![1 << 45],
        vec![1 << 32, 1 << 32],
        vec![2, 1 << 62, 3],
    ]
}

/// The attributes of a primitive with each of them in turn replaced by odd ones of its kind.
fn odd(own: &Attributes) -> Vec<Attributes> {
    let replacements = |attribute: &Attribute| -> Vec<Attribute> {
        match attribute {
            Attribute::Integer(_) => {
                // Small ones, and those of which no machine holds as many numbers: what lies between fills the memory.
                let integers = [0, 1, 2, 3, 5, -1, -2, i64::MIN].map(Attribute::Integer);
                integers.into_iter().chain(HUGE.map(Attribute::from)).collect()
            }
            Attribute::Real(_) => {
                [0.1, 0.0, 0.5, 1.0, 2.0, -1.0, f64::NAN, f64::INFINITY, -0.0].map(Attribute::Real).into()
            }
            Attribute::Flag(_) => [true, false].map(Attribute::Flag).into(),
            Attribute::List(_) => lists().into_iter().map(Attribute::List).collect(),
            Attribute::Word(_) => vec![Attribute::Word("other".into())],
            other => panic!("which odd values are there of {other:?}?"),
        }
    };
    let mut all = Vec::new();
    for (replaced, attribute) in own.iter() {
        for by in replacements(attribute) {
            let mut attributes = Attributes::new();
            for (name, own) in own.iter() {
                attributes = attributes.with(name, if name == replaced { by.clone() } else { own.clone() });
            }
            all.push(attributes);
        }
    }
    all
}

/// Odd attributes of a primitive: several odd ones together where that matters, one at a time otherwise.
pub fn attributes(example: &PrimitiveRef<f64>) -> Vec<Attributes> {
    let (name, none, lists) = (example.name(), Attributes::new, lists());
    let lengths = || [0, 1, 2, 3].into_iter().chain(HUGE);
    let axes = || [0, 1, 3, usize::MAX];
    match name {
        "powi" => {
            let ns = [0, 1, 2, 3, -1, -2, i64::from(i32::MIN), i64::from(i32::MAX), i64::MAX, i64::MIN];
            ns.into_iter().map(|n| none().with_integer("n", n)).collect()
        }
        "uniform" | "uniform_open" | "normal" => lists
            .iter()
            .flat_map(|list| [0, usize::MAX].map(|s| none().with_list("shape", list).with("stream", s.into())))
            .collect(),
        "sum" | "max" | "log_sum_exp" => lists
            .iter()
            .flat_map(|list| [true, false].map(|keep| none().with_list("axes", list).with_flag("keep", keep)))
            .collect(),
        "slice" => {
            let ranges = [(0, 0), (0, 1), (1, 2), (2, 1), (3, 3), (usize::MAX, usize::MAX), (0, usize::MAX)];
            let slice = |axis: usize, (start, stop): (usize, usize)| {
                none().with("axis", axis.into()).with("start", start.into()).with("stop", stop.into())
            };
            axes().into_iter().flat_map(|axis| ranges.map(|range| slice(axis, range))).collect()
        }
        "pad" => {
            let huge = HUGE.into_iter().flat_map(|n| [(n, 0), (0, n), (n, n)]);
            let sizes: Vec<_> = [(0, 0), (1, 2)].into_iter().chain(huge).collect();
            let pad = |axis: usize, (before, after): (usize, usize)| {
                none().with("axis", axis.into()).with("before", before.into()).with("after", after.into())
            };
            axes().into_iter().flat_map(|axis| sizes.clone().into_iter().map(move |size| pad(axis, size))).collect()
        }
        "slice_step" => {
            let ranges = [(0, 0), (0, 3), (1, 2), (2, 1), (3, 3), (usize::MAX, usize::MAX), (0, usize::MAX)];
            let steps = || [0, 1, 2, 5].into_iter().chain(HUGE);
            let slice = |axis: usize, (start, stop): (usize, usize), step: usize| {
                let attributes = none().with("axis", axis.into()).with("start", start.into());
                attributes.with("stop", stop.into()).with("step", step.into())
            };
            let of = |axis| ranges.into_iter().flat_map(move |range| steps().map(move |step| slice(axis, range, step)));
            axes().into_iter().flat_map(of).collect()
        }
        "unslice" => {
            let unslice = |axis: usize, start: usize, step: usize, length: usize| {
                let attributes = none().with("axis", axis.into()).with("start", start.into());
                attributes.with("step", step.into()).with("length", length.into())
            };
            let starts = [0, 1, usize::MAX];
            let steps = [0, 1, 2, usize::MAX];
            let of = |axis| starts.into_iter().flat_map(move |start| steps.map(|step| (axis, start, step)));
            let all = axes().into_iter().flat_map(of).flat_map(|(axis, start, step)| {
                lengths().chain([7]).map(move |length| unslice(axis, start, step, length))
            });
            all.collect()
        }
        "triangle" => [0, 1, -1, 5, -5, i64::MIN, i64::MAX]
            .into_iter()
            .flat_map(|diagonal| {
                [true, false].map(|upper| none().with_flag("upper", upper).with_integer("diagonal", diagonal))
            })
            .collect(),
        "cumsum" => axes()
            .into_iter()
            .flat_map(|axis| {
                [true, false].map(|reversed| none().with("axis", axis.into()).with_flag("reversed", reversed))
            })
            .collect(),
        "scatter_add_along" => axes()
            .into_iter()
            .flat_map(|axis| lengths().map(move |n| none().with("axis", axis.into()).with("length", n.into())))
            .collect(),
        "index_arithmetic" => ["add", "subtract", "multiply", "divide", "remainder", "other"]
            .map(|word| none().with("operation", Attribute::Word(word.into())))
            .into(),
        "index_compare" => {
            ["equal", "less", "less_equal"].map(|word| none().with("comparison", Attribute::Word(word.into()))).into()
        }
        "conv" | "conv_transpose" | "conv_weight_adjoint" | "max_pool" | "average_pool" | "average_pool_adjoint" => {
            windows(name)
        }
        "place" => lengths().map(|length| none().with("length", length.into())).collect(),
        _ => odd(&example.attributes()),
    }
}

/// Windows of one and two axes, that fit small arrays and that fit none.
fn windows(name: &str) -> Vec<Attributes> {
    let huge = 1 << 45;
    // Length or size, stride, dilation, zeros before and after, and the number of groups.
    let each = [
        [1, 1, 1, 0, 0, 1],
        [2, 1, 1, 1, 0, 1],
        [3, 2, 2, 2, 3, 2],
        [3, 0, 0, 0, 0, 0],
        [huge, huge, 1, 0, 0, 1],
        [2, usize::MAX, usize::MAX, 0, huge, 3],
        [1, 1, 1, usize::MAX, usize::MAX, usize::MAX],
    ];
    let mut all = Vec::new();
    for axes in 0..=3 {
        for [length, stride, dilation, before, after, groups] in each {
            let list = |number: usize| vec![number; axes];
            let attributes =
                Attributes::new().with_list("stride", &list(stride)).with_list("dilation", &list(dilation));
            let attributes = attributes.with_list("before", &list(before)).with_list("after", &list(after));
            let attributes = attributes.with_list("size", &list(length)).with_flag("include_padding", groups == 1);
            let attributes = attributes.with("groups", groups.into()).with_flag("ceil", length > 1);
            let length = if name == "average_pool_adjoint" { length.min(2) } else { length };
            all.push(attributes.with_list("length", &list(length)));
        }
    }
    all
}

/// Every primitive of the registry with every set of attributes it takes.
pub fn primitives(wanted: impl Fn(&PrimitiveRef<f64>) -> bool) -> Vec<PrimitiveRef<f64>> {
    let registry = Registry::standard();
    let make = |example: &PrimitiveRef<f64>| {
        let lists = attributes(example);
        let made: Vec<_> = lists.iter().filter_map(|list| registry.make(example.name(), list, &[]).ok()).collect();
        made.into_iter().chain([example.clone()]).collect::<Vec<_>>()
    };
    registry.entries().map(|entry| entry.example()).filter(|example| wanted(example)).flat_map(make).collect()
}

/// The kinds a primitive takes, as letters: `RI` is an array and indices.
pub fn kinds(primitive: &PrimitiveRef<f64>) -> String {
    let signature = primitive.signature();
    let letter = |i: usize| match signature.operand(i) {
        Some((_, Accepts::Only(kind))) => format!("{kind:?}").remove(0),
        _ => 'R',
    };
    match signature.count() {
        Some(count) => (0..count).map(letter).collect(),
        None => "*".into(),
    }
}

pub type Method = (&'static str, Box<dyn for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>>);

pub fn method(name: &'static str, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64> + 'static) -> Method {
    (name, Box::new(f))
}

/// Every method of a var alone, with every odd argument.
// The operands of x/x and their like are one and the same on purpose.
#[allow(clippy::eq_op)]
pub fn methods() -> Vec<Method> {
    let mut list = vec![
        method("neg", |x| -x),
        method("+ 1", |x| x + 1.0),
        method("1 −", |x| 1.0 - x),
        method("· NaN", |x| x * f64::NAN),
        method("∞ /", |x| f64::INFINITY / x),
        method("x·x", |x| x * x),
        #[allow(clippy::eq_op)]
        method("x/x", |x| x / x),
        method("exp", |x| x.exp()),
        method("log", |x| x.log()),
        method("sqrt", |x| x.sqrt()),
        method("abs", |x| x.abs()),
        method("sin", |x| x.sin()),
        method("cos", |x| x.cos()),
        method("atan", |x| x.atan()),
        method("log1p", |x| x.log1p()),
        method("expm1", |x| x.expm1()),
        method("atan2", |x| x.atan2(x)),
        method("hypot", |x| x.hypot(x)),
        method("hypot 0", |x| x.hypot(0.0)),
        method("erf", |x| x.erf()),
        method("erfc", |x| x.erfc()),
        method("tan", |x| x.tan()),
        method("asin", |x| x.asin()),
        method("acos", |x| x.acos()),
        method("sinh", |x| x.sinh()),
        method("cosh", |x| x.cosh()),
        method("asinh", |x| x.asinh()),
        method("acosh", |x| x.acosh()),
        method("atanh", |x| x.atanh()),
        method("floor", |x| x.floor()),
        method("ceil", |x| x.ceil()),
        method("round", |x| x.round()),
        method("log2", |x| x.log2()),
        method("log10", |x| x.log10()),
        method("exp2", |x| x.exp2()),
        method("cbrt", |x| x.cbrt()),
        method("tanh", |x| x.tanh()),
        method("sigmoid", |x| x.sigmoid()),
        method("relu", |x| x.relu()),
        method("leaky_relu", |x| x.leaky_relu(f64::NAN)),
        method("maximum", |x| x.maximum(0.0)),
        method("minimum", |x| x.minimum(x)),
        method("gt", |x| x.gt(0.0)),
        method("lt", |x| x.lt(x)),
        method("ge", |x| x.ge(0.0)),
        method("le", |x| x.le(f64::NAN)),
        method("eq", |x| x.eq(x)),
        method("select", |x| x.select(x, f64::NAN)),
        method("masked", |x| x.masked(x)),
        method("sign", |x| x.sign()),
        method("stop_gradient", |x| x.stop_gradient()),
        method("matmul", |x| x.matmul(x)),
        method("matmul ᵀ", |x| x.matmul(x.transpose())),
        method("add_bias", |x| x.add_bias(x)),
        method("transpose_last", |x| x.transpose_last()),
        method("einsum ij,jk", |x| x.tape().einsum("ij,jk", &[x, x])),
        method("einsum abc,abd->acd", |x| x.tape().einsum("abc,abd->acd", &[x, x])),
        method("einsum i,j,i->ij", |x| x.tape().einsum("i,j,i->ij", &[x, x, x])),
        method("conv", |x| x.conv(x, &Conv::new())),
        method("conv", |x| x.conv(x, &Conv::new().same().stride([2]))),
        method("conv_transpose", |x| x.conv_transpose(x, &Conv::new().stride(2).padding(1))),
        method("conv_transpose_to", |x| x.conv_transpose_to(x, &Conv::new().stride(2), [3, usize::MAX])),
        method("max_pool", |x| x.max_pool(&Pooling::new(2).ceil(true))),
        method("max_pool", |x| x.max_pool(&Pooling::new([2]).stride(1).padding(1))),
        method("average_pool", |x| x.average_pool(&Pooling::new([3, 2]).stride(1))),
        method("average_pool", |x| x.average_pool(&Pooling::new(vec![]))),
        method("transpose", |x| x.transpose()),
        method("square", |x| x.square()),
        method("softplus", |x| x.softplus()),
        method("elu", |x| x.elu(f64::INFINITY)),
        method("elu", |x| x.elu(1.0)),
        method("arctan_sigmoid", |x| x.arctan_sigmoid()),
        method("pow", |x| x.pow(x)),
        method("pow", |x| x.pow(-0.5)),
        method("dot", |x| x.dot(x)),
        method("clamp", |x| x.clamp(-1.0, 1.0)),
        method("clamp", |x| x.clamp(1.0, -1.0)),
        method("clamp", |x| x.clamp(f64::NAN, f64::NAN)),
        method("outer", |x| x.outer(x)),
        method("total", |x| x.tape().total(&[x, x.sin(), x])),
        method("total none", |x| x.tape().total(&[])),
        method("zeros_like", |x| x.zeros_like()),
        method("eye", |x| x.tape().eye(usize::MAX)),
        method("arange", |x| x.tape().arange(usize::MAX)),
        method("zeros", |x| x.tape().zeros([usize::MAX, 3])),
        method("ones", |x| x.tape().ones([3]) + x),
        method("gradient_of", |x| x.sum(..).gradient_of(x)),
        method("2 ·", |x| 2 * x - 1),
        method("concat none", |x| x.tape().concat(&[], 0)),
        method("stack none", |x| x.tape().stack(&[], 0)),
        method("stack", |x| x.tape().stack(&[x, x], 0)),
        method("concat", |x| x.tape().concat(&[x, x, x], 1)),
    ];
    for n in [0, 1, 2, -1, i32::MIN, i32::MAX] {
        list.push(method("powi", move |x| x.powi(n)));
    }
    for p in [0.0, 0.5, -1.0, f64::NAN, f64::NEG_INFINITY] {
        list.push(method("powf", move |x| x.powf(p)));
    }
    for axes in [vec![], vec![0], vec![1], vec![1, 0], vec![0, 0], vec![3, 1], vec![usize::MAX], vec![0, 1, 2, 3]] {
        macro_rules! reductions {
            ($($name:ident)*) => {$({
                let axes = axes.clone();
                list.push(method(stringify!($name), move |x| x.$name(axes.clone())));
            })*};
        }
        reductions!(sum sum_keep max max_keep log_sum_exp log_sum_exp_keep mean mean_keep variance variance_keep std std_keep);
        reductions!(min min_keep prod prod_keep norm norm_keep permute flip squeeze flatten);
    }
    for (start, stop) in [(0, 1), (1, 4), (2, 1), (-1, 2), (-9, -1), (isize::MIN, isize::MAX)] {
        list.push(method("sum over a range", move |x| x.sum(start..stop)));
        list.push(method("flatten a range", move |x| x.flatten(start..stop)));
        list.push(method("flatten from", move |x| x.flatten(start..)));
        list.push(method("tril, triu", move |x| x.tril(start).triu(stop)));
        list.push(method("roll", move |x| x.roll(start, stop)));
        list.push(method("at", move |x| x.at([start.unsigned_abs(), stop.unsigned_abs()])));
        list.push(method("row, column", move |x| x.row(start.unsigned_abs()) + x.column(stop.unsigned_abs())));
    }
    for axis in [0, 1, -1, -2, 3, -4, isize::MIN, isize::MAX] {
        list.push(method("softmax", move |x| x.softmax(axis)));
        list.push(method("sum", move |x| x.sum(axis)));
        list.push(method("unsqueeze", move |x| x.unsqueeze(axis)));
        list.push(method("stack", move |x| x.tape().stack(&[x, x], axis)));
        list.push(method("concat", move |x| x.tape().concat(&[x, x], axis)));
        list.push(method("cumsum", move |x| x.cumsum(axis)));
        list.push(method("cumprod", move |x| x.cumprod(axis)));
        for n in [0, 1, 3].into_iter().chain(HUGE) {
            list.push(method("slice_step", move |x| x.slice_step(axis, n.., n)));
            list.push(method("slice_step", move |x| x.slice_step(axis, 1..=n, 2)));
            list.push(method("unslice", move |x| x.unslice(axis, 1, n, 9)));
            list.push(method("unslice", move |x| x.unslice(axis, n, 2, n)));
        }
    }
    list.push(method("argmax", |x| x.argmax(..).to_real()));
    list.push(method("argmin", |x| x.argmin([0, 1]).to_real()));
    for axis in [0, 1, 3, usize::MAX] {
        list.push(method("argmax of an axis", move |x| x.argmax(axis).to_real()));
        list.push(method("sort", move |x| x.sort(axis)));
        list.push(method("argsort", move |x| x.argsort(axis).to_real()));
        list.push(method("take_along", move |x| x.take_along(x.argsort(axis), axis)));
        for n in [0, 1, 3].into_iter().chain(HUGE) {
            list.push(method("top_k", move |x| x.top_k(n, axis).0));
            list.push(method("scatter_add_along", move |x| x.scatter_add_along(x.argsort(axis), axis, n)));
        }
        list.push(method("softmax", move |x| x.softmax(axis)));
        list.push(method("log_softmax", move |x| x.log_softmax(axis)));
        list.push(method("concat", move |x| x.tape().concat(&[x, x], axis)));
        for n in [0, 1, 3].into_iter().chain(HUGE) {
            list.push(method("slice", move |x| x.slice(axis, n..n.saturating_add(1))));
            list.push(method("slice back", move |x| x.slice(axis, n.saturating_add(1)..n)));
            list.push(method("slice twice", move |x| x.slice(0, n..n).slice(axis, 0..n)));
            list.push(method("pad", move |x| x.pad(axis, n, n)));
        }
    }
    for shape in
        [vec![], vec![0], vec![1], vec![6], vec![2, 3], vec![0, usize::MAX], vec![1 << 45], vec![usize::MAX; 3]]
    {
        let shape = Shape::from(shape);
        let shapes = [(); 5].map(|()| shape.clone());
        let [a, b, c, d, e] = shapes;
        list.push(method("reshape", move |x| x.reshape(a.clone())));
        list.push(method("broadcast_to", move |x| x.broadcast_to(b.clone())));
        list.push(method("broadcast_to, sum", move |x| x.broadcast_to(d.clone()).sum(..)));
        list.push(method("sum, broadcast_to", move |x| x.sum(..).broadcast_to(e.clone()).exp()));
        list.push(method("sum_to", move |x| x.sum_to(c.clone())));
    }
    list
}
