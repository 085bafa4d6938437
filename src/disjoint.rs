//! Things that belong together, told one link at a time.

/// A partition of the numbers below a bound; each part goes by its smallest member.
///
/// Union–find with path halving (Tarjan and van Leeuwen, "Worst-case analysis of set union algorithms", 1984).
#[derive(Debug, Clone)]
pub(crate) struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// Every number below `count` on its own.
    pub(crate) fn new(count: usize) -> Self {
        DisjointSets((0..count).collect())
    }

    /// The smallest member of the part that holds `member`.
    pub(crate) fn root(&mut self, mut member: usize) -> usize {
        while self.0[member] != member {
            self.0[member] = self.0[self.0[member]];
            member = self.0[member];
        }
        member
    }

    /// Makes one part of those that hold `a` and `b`.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller root stays one, so a root is always the smallest member.
        self.0[a.max(b)] = a.min(b);
    }

    /// The smallest member of each number's part.
    pub(crate) fn into_roots(mut self) -> Vec<usize> {
        (0..self.0.len()).map(|member| self.root(member)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_of_links_make_one_part_under_its_smallest_member() {
        let mut sets = DisjointSets::new(6);
        for (a, b) in [(4, 5), (3, 4), (1, 3), (5, 1)] {
            sets.join(a, b);
        }
        assert_eq!(sets.root(5), 1);
        assert_eq!(sets.into_roots(), [0, 1, 2, 1, 1, 1]);
    }
}
