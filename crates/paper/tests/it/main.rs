//! What is printed, read by software that others wrote.

mod hostile;
mod messages;
mod pages;
mod readers;
mod samples;
mod words;
