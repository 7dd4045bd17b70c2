//! What is out there? Facts, the world they fold into, findings, and every change that can be asked for.
