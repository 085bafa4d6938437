//! Scratch.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::Array1;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tasnif::classify::dense::*;
use tasnif::features::csr::Csr;

#[test]
fn stress() {
    let mut state = 5u64;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let which = std::env::var("KIND").unwrap_or_default();
    let mut hung = 0;
    for round in 0..6 {
        for scale in [-20i32, -6, -3, 0, 1, 2, 3, 4, 6, 8, 12, 20, 38] {
            for c in [-9i32, -4, 0, 1, 4, 9] {
                for classes in [2usize, 3] {
                    let c = if which == "svm" { c.clamp(-6, 6) } else { c };
                    let n = [4, 7, 30, 60, 200, 12][round];
                    let width = [2, 5, 10, 40, 300, 1][round];
                    let mut rows = Csr::new(width);
                    let mut targets = vec![];
                    for i in 0..n {
                        let e: Vec<(u32, f32)> = (0..width as u32)
                            .filter_map(|j| {
                                let keep = next() < 0.4;
                                let v = next() - if round % 2 == 0 { 0.5 } else { 0.0 };
                                keep.then_some((j, (v * 10f64.powi(scale)) as f32))
                            })
                            .collect();
                        rows.push_row(e).unwrap();
                        targets.push(i % classes);
                    }
                    let ds = DatasetBase::new(rows, Array1::from(targets));
                    let (tx, rx) = mpsc::channel();
                    let start = Instant::now();
                    let w = which.clone();
                    std::thread::spawn(move || {
                        let r = match w.as_str() {
                            "svm" => LinfaSvmParams::default().select(Select::None).c(10f64.powi(c)).fit(&ds),
                            "ftrl" => LinfaFtrlParams::default().select(Select::None).fit(&ds),
                            _ => {
                                LinfaLogisticParams::default().select(Select::None).c(10f64.powi(c)).fit(&ds)
                            }
                        };
                        let _ = tx.send(r.map(|_| ()).map_err(|e| e.to_string()));
                    });
                    match rx.recv_timeout(Duration::from_secs(4)) {
                        Ok(Ok(())) => {
                            if start.elapsed().as_secs() > 1 {
                                println!("slow {round} {scale} {c} {classes} {:?}", start.elapsed());
                            }
                        }
                        Ok(Err(e)) => println!(
                            "err {round} scale 1e{scale} c 1e{c} K {classes}: {}",
                            &e[..e.len().min(130)]
                        ),
                        Err(e) => {
                            hung += 1;
                            println!("HANG {round} scale 1e{scale} c 1e{c} K {classes} {e:?}");
                            if hung > 25 {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }
}
