//! Convolutions and pooling.

use super::{Written, one};
use crate::application::Application;
use crate::wire::Attribute;
use autodiff::{Attributes, Real, Result};

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let (x, w) = (at.x(0), at.x(1));
    one(match at.name() {
        "conv" => {
            let attributes = at.attributes()?;
            let mut options = windows(&attributes)?;
            options.push(Attribute::integer("group", attributes.length("groups")? as i64));
            at.op("Conv", &[&x, &w], &options)
        }
        "conv_transpose" => {
            let attributes = at.attributes()?;
            let mut options = windows(&attributes)?;
            options.push(Attribute::integer("group", attributes.length("groups")? as i64));
            options.push(Attribute::integers("output_padding", left_over(at, &attributes)?));
            at.op("ConvTranspose", &[&x, &w], &options)
        }
        "max_pool" => return max_pool(at),
        "average_pool" => {
            let attributes = at.attributes()?;
            if attributes.list("dilation")?.iter().any(|dilation| *dilation != 1) {
                return Err(at.refused("ONNX has no average over windows with gaps"));
            }
            let include = i64::from(attributes.flag("include_padding")?);
            let mut options = pooling(at, &attributes)?;
            options.push(Attribute::integer("count_include_pad", include));
            at.op("AveragePool", &[&x], &options)
        }
        _ => return Ok(None),
    })
}

fn integers(attributes: &Attributes, name: &str) -> Result<Vec<i64>> {
    Ok(attributes.list(name)?.iter().map(|x| *x as i64).collect())
}

/// Strides, dilations and paddings.
fn windows(attributes: &Attributes) -> Result<Vec<Attribute>> {
    let pads = [integers(attributes, "before")?, integers(attributes, "after")?].concat();
    Ok(vec![
        Attribute::integers("strides", integers(attributes, "stride")?),
        Attribute::integers("dilations", integers(attributes, "dilation")?),
        Attribute::integers("pads", pads),
    ])
}

/// The options of a pooling, which takes images with a batch and channels before the spatial axes.
fn pooling<F: Real>(at: &Application<'_, '_, F>, attributes: &Attributes) -> Result<Vec<Attribute>> {
    let lengths = integers(attributes, "length")?;
    if at.shape(0).rank() != lengths.len() + 2 {
        let message = format!("ONNX pools arrays with two axes before the spatial ones; x is {}", at.shape(0));
        return Err(at.refused(message));
    }
    let mut options = windows(attributes)?;
    if at.name() == "average_pool" {
        // The operation has no dilations in this opset.
        options.remove(1);
    }
    options.push(Attribute::integers("kernel_shape", lengths));
    options.push(Attribute::integer("ceil_mode", i64::from(attributes.flag("ceil")?)));
    Ok(options)
}

fn max_pool<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let attributes = at.attributes()?;
    let options = pooling(at, &attributes)?;
    let x = at.x(0);
    // The places count other elements there; who needs them finds no value.
    Ok(Some(vec![at.op("MaxPool", &[&x], &options), String::new()]))
}

/// What is added to the least lengths of a transposed convolution.
fn left_over<F: Real>(at: &Application<'_, '_, F>, attributes: &Attributes) -> Result<Vec<i64>> {
    let [size, stride, dilation, before, after] =
        ["size", "stride", "dilation", "before", "after"].map(|name| integers(attributes, name));
    let (size, stride, dilation, before, after) = (size?, stride?, dilation?, before?, after?);
    let (x, w) = (at.shape(0), at.shape(1));
    let lengths = x.iter().zip(w.iter()).skip(2).map(|(p, k)| (*p as i64, *k as i64));
    let options = size.iter().zip(&stride).zip(&dilation).zip(before.iter().zip(&after));
    let over = options.zip(lengths).map(|((((size, stride), dilation), (before, after)), (p, k))| {
        size - ((p - 1) * stride + (k - 1) * dilation + 1 - before - after)
    });
    Ok(over.collect())
}
